"""Addresses in UTF-8 go to servers that take them; a domain alone goes in A-labels, the rest comes back."""
# SPEC S4: RFC 6531, SMTPUTF8.
from verbs import *


def story():
    modern = Mx("127.0.0.2")
    old = Mx("127.0.0.3", port=modern.port, without=["SMTPUTF8"])
    dns = Dns("modern.example. MX 10 mx.modern.example.\nmx.modern.example. A 127.0.0.2\n"
              "xn--bcher-kva.example. MX 10 mx.old.example.\nmx.old.example. A 127.0.0.3\n"
              "app.example. MX 10 mx.modern.example.")
    relay = Relay(mx=modern, dns=dns)
    user = relay.user(sender="app.example")

    relay.send("shop@app.example", ["jörg@modern.example", "ann@bücher.example"], user=user,
               mail_options=["SMTPUTF8"], content=mail_text("shop@app.example", "undisclosed", "hi"))
    same(modern.wait()[0].recipients, ["jörg@modern.example"], "who takes UTF-8")
    same(old.wait()[0].recipients, ["ann@xn--bcher-kva.example"], "who takes ASCII")

    relay.send("shop@app.example", "jörg@bücher.example", user=user, mail_options=["SMTPUTF8"])
    bounce = modern.wait(2)[1]
    same(bounce.recipients, ["shop@app.example"], "the bounce")
    holds(b"5.6.7" in bounce.content, bounce.content)
    holds(b"Final-Recipient: utf-8; j\\x{F6}rg@b\\x{FC}cher.example" in bounce.content, bounce.content)
