"""The common case: a message goes to the MX of its domain, unchanged but for headers on top."""
# SPEC D1, S8, S9: routes by MX; content is kept byte for byte; 250 names the id of the events.
from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns)
    user = relay.user(sender="app.example")
    sent = mail_text("shop@app.example", "ann@receiver.example", "hello") + b".dot\r\n\r\n..\r\n"

    message_id = relay.send("shop@app.example", "ann@receiver.example", user=user, content=sent)

    [mail] = mx.wait()
    same(mail.sender, "shop@app.example", "the reverse path")
    same(mail.recipients, ["ann@receiver.example"], "the recipients")
    holds(mail.content.endswith(sent), f"the content changed: {mail.content!r}")
    added = mail.content.removesuffix(sent)
    holds(added.startswith(b"Received: from client.example") and message_id.encode() in added,
          f"what was added on top: {added!r}")
    until(relay.queue_empty, "the queue to be empty")
    same(relay.kinds(message_id), ["accepted", "delivered"], "the events")
