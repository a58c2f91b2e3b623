"""A message just under the limit, with every octet that mail may hold, arrives as it was sent."""
# SPEC S6, S8, Q8: the size limit at n and n+1, content byte for byte, also when it is large.
from verbs import *

LIMIT = 25 << 20
OCTETS = bytes(set(range(1, 256)) - set(b"\r\n"))
LINES = OCTETS + b"\r\n.\r\n..\r\n\r\n"


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns)
    user = relay.user(sender="app.example")
    head = mail_text("shop@app.example", "ann@receiver.example", "large")
    largest = (head + LINES * (LIMIT // len(LINES)))[:LIMIT - 2] + b"\r\n"

    relay.send("shop@app.example", "ann@receiver.example", user=user, content=largest)
    reply = relay.refusal("shop@app.example", "ann@receiver.example", user=user,
                          content=head + b"x\r\n" * (LIMIT // 3))

    [mail] = mx.wait()
    holds(mail.content.endswith(largest), f"it changed: {len(mail.content)} octets arrived")
    same((reply.code, reply.text[:6]), (552, "5.3.4 "), "the reply to a larger one")
