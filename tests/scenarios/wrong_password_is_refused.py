"""A wrong password and an unknown user get the same answer, and queue nothing."""
# SPEC S3: 535 5.7.8; no user enumeration by text.
from verbs import *


def story():
    relay = Relay()
    user = relay.user(sender="app.example")

    wrong = relay.refusal("shop@app.example", "ann@receiver.example",
                          user=user._replace(password="not it"))
    unknown = relay.refusal("shop@app.example", "ann@receiver.example",
                            user=user._replace(name="s99_99"))

    same(wrong.code, 535, "the code")
    holds(wrong.text.startswith("5.7.8 "), wrong.text)
    same(unknown, wrong, "the answer to an unknown user")
    same(relay.queue_stats()["messages"], 0, "what is queued")
