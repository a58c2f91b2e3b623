"""Printers and old hosts cannot log in: their network is opened to one user."""
# SPEC U10: networks from which a user may submit without AUTH.
from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns)
    relay.user(sender="app.example", network="127.0.0.0/8")

    clients.smtp_source(relay, "shop@app.example", "ann@receiver.example", count=50, sessions=5)

    mails = mx.wait(50)
    same({mail.sender for mail in mails}, {"shop@app.example"}, "the reverse paths")
    reply = relay.refusal("shop@other.example", "ann@receiver.example")
    same(reply.code, 550, "the open network still checks the sender")
