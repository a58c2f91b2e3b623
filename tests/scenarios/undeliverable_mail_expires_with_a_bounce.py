"""A server says "later" for ever: when the message's time is over, its sender hears so."""
# SPEC Q3, B1: expiry, and the bounce with the last reply.
from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2\n"
              "app.example. MX 10 mx.receiver.example.")
    relay = Relay(mx=mx, dns=dns, delivery={"first_retry": "1s"}, queue={"lifetime": "3s"})
    user = relay.user(sender="app.example")
    mx.reply("RCPT", "451 4.2.2 mailbox is full today", times=100, about="ann@receiver.example")

    message_id = relay.send("shop@app.example", "ann@receiver.example", user=user)

    [bounce] = mx.wait()
    same((bounce.sender, bounce.recipients), ("", ["shop@app.example"]), "the bounce's envelope")
    holds(b"mailbox is full today" in bounce.content, f"the last reply is not in {bounce.content!r}")
    until(relay.queue_empty, "the queue to be empty")
    kinds = relay.kinds(message_id)
    same(set(kinds[1:-2]), {"deferred"}, "the events between")
    same(kinds[:1] + kinds[-2:], ["accepted", "failed", "bounced"], "the first and last events")
