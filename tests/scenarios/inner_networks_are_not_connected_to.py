"""A stranger's DNS names an address inside our network: the relay does not connect to it."""
# SPEC D1: no private, link-local or loopback address, whatever name resolves to it.
from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2\n"
              "mx.receiver.example. AAAA ::1\nmx.receiver.example. A 10.0.0.1")
    relay = Relay(mx=mx, dns=dns, delivery={"allow_networks": []})
    user = relay.user(sender="app.example")

    message_id = relay.send("shop@app.example", "ann@receiver.example", user=user)

    until(lambda: len(relay.kinds(message_id)) > 1, "the outcome")
    same(relay.kinds(message_id)[1] in ("deferred", "failed"), True, "it did not go")
    same(mx.commands, [], "what the inner server heard")
