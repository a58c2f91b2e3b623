"""The remote server takes a message and dies before it says so: it is sent again, and that is told."""
# SPEC D5, Q2, E1: outcome unknown, recorded as such; never lost.
from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns, delivery={"first_retry": "1s"})
    user = relay.user(sender="app.example")
    mx.reply("EOD", None)

    message_id = relay.send("shop@app.example", "ann@receiver.example", user=user)

    mx.wait(2)
    until(relay.queue_empty, "the queue to be empty")
    same(relay.kinds(message_id), ["accepted", "uncertain", "delivered"], "the events")
