"""Two gateways and two workers on one queue: each message arrives once."""
# SPEC Q2, Q7, U4: a delivery is leased by one; a password ends on every gateway replica.
from verbs import *

COUNT = 600


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = RolesApart(mx=mx, dns=dns, idle=["delivery"])
    user = relay.user(sender="app.example")
    second_port = relay.replica("gateway")
    sessions = [relay.session(user), relay.session(user, port=second_port)]
    for number in range(COUNT):
        relay.send("shop@app.example", f"person{number}@receiver.example",
                   client=sessions[number % 2])

    relay.replica("delivery")
    relay.start("delivery")

    mx.wait(COUNT)
    until(relay.queue_empty, "the queue to be empty")
    same(sorted(mail.recipients[0] for mail in mx.mails),
         sorted(f"person{number}@receiver.example" for number in range(COUNT)), "who got mail")
    relay.cli("users", "regenerate-password", user.name)
    for session in sessions:
        until(lambda: session.docmd("NOOP")[0] == 421, "running sessions to be told", seconds=1)
    for port in (relay.port, second_port):
        try:
            relay.session(user, port=port)
        except Refused as refused:
            same(refused.reply.code, 535, "the code for the old password")
            continue
        raise Failed(f"the old password works on port {port}")
