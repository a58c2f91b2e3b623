"""Who does not log in may not send: it is no open relay."""
# SPEC S3: 530 5.7.0 not authenticated.
from verbs import *


def story():
    relay = Relay()
    relay.user(sender="app.example")

    reply = relay.refusal("shop@app.example", "ann@receiver.example")

    same(reply.code, 530, "the code")
    holds(reply.text.startswith("5.7.0 "), reply.text)
    same(relay.queue_stats()["messages"], 0, "what is queued")
