"""A bounce that cannot be delivered ends there; so does a refused message from <>."""
# SPEC B1: never a bounce to <>.
from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2\n"
              "app.example. MX 10 mx.receiver.example.")
    relay = Relay(mx=mx, dns=dns)
    user = relay.user(sender="app.example")
    mx.reply("RCPT", "550 5.1.1 nobody", times=100)

    relay.send("shop@app.example", "ann@receiver.example", user=user)
    relay.send("", "bob@receiver.example", user=user, header_from="shop@app.example")

    until(lambda: len(relay.events(kind="failed")) == 3, "both messages and one bounce to fail")
    until(relay.queue_empty, "the queue to be empty")
    same(len(relay.events(kind="bounced")), 1, "the bounces")
    same(mx.count("RCPT"), 3, "the attempts")
