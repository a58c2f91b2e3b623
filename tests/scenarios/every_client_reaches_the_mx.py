"""Each client that people use submits over STARTTLS with its password, and its mail reaches the MX."""
# SPEC S2, S3, S8: STARTTLS, AUTH PLAIN and LOGIN, content kept byte for byte below what is added.
from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns)
    user = relay.user(sender="app.example")
    for client in clients.WITH_AUTH:
        to = f"{client.__name__}@receiver.example"
        sent = mail_text("shop@app.example", to, "hello") + b".dot\r\nend\r\n"

        client(relay, user, "shop@app.example", to, sent)

        [mail] = until(lambda: mx.to(to), f"the mail of {client.__name__}")
        same(mail.sender, "shop@app.example", "the reverse path")
        holds(mail.content.startswith(b"Received: "), "Received stands on top")
        holds(mail.content.endswith(sent), f"{client.__name__}: it changed: {mail.content!r}")
