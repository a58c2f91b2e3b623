"""Five recipients at one domain cost one transaction, not five."""
# SPEC D5: several recipients of one site go in one transaction.
from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns)
    user = relay.user(sender="app.example")
    recipients = [f"person{number}@receiver.example" for number in range(5)]

    relay.send("shop@app.example", recipients, user=user)

    [mail] = mx.wait()
    same(sorted(mail.recipients), recipients, "the recipients")
    until(relay.queue_empty, "the queue to be empty")
    same((mx.count("MAIL"), mx.count("RCPT"), mx.count("DATA")), (1, 5, 1), "MAIL, RCPT, DATA")
