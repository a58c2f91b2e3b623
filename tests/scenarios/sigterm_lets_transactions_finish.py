"""A deployment stops the relay: who is in the middle of a message may finish it, idle clients go."""
# SPEC S10: graceful drain.
import signal

from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns)
    user = relay.user(sender="app.example")
    idle = relay.session(user)
    busy = relay.session(user)
    busy.mail("shop@app.example")
    busy.rcpt("ann@receiver.example")
    same(busy.docmd("DATA")[0], 354, "the reply to DATA")
    content = mail_text("shop@app.example", "ann@receiver.example", "in the middle")
    busy.send(content[:40])

    relay.process.send_signal(signal.SIGTERM)

    same(idle.getreply()[0], 421, "what the idle session is told")
    busy.send(content[40:] + b".\r\n")
    code, text = busy.getreply()
    same(code, 250, f"the reply to the end of data ({text})")
    same(relay.process.ended(), 0, "the exit code")
    relay.start()
    [mail] = mx.wait()
    holds(mail.content.endswith(content), f"the content changed: {mail.content!r}")
