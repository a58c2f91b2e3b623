"""The preferred host does not answer; the next one takes the message in the same attempt."""
# SPEC D1: MX order and fallback.
from verbs import *


def story():
    second = Mx("127.0.0.3")  # nobody listens on 127.0.0.2
    dns = Dns("receiver.example. MX 10 first.receiver.example.\n"
              "receiver.example. MX 20 second.receiver.example.\n"
              "first.receiver.example. A 127.0.0.2\nsecond.receiver.example. A 127.0.0.3")
    relay = Relay(mx=second, dns=dns)
    user = relay.user(sender="app.example")

    message_id = relay.send("shop@app.example", "ann@receiver.example", user=user)

    second.wait()
    until(relay.queue_empty, "the queue to be empty")
    same(relay.kinds(message_id), ["accepted", "delivered"], "the events")
    [delivered] = relay.events(message_id, kind="delivered")
    same(delivered["reply"]["host"], "second.receiver.example [127.0.0.3]", "who took it")
