"""A server that offers STARTTLS gets its mail encrypted, whoever signed its certificate."""
# SPEC D3: opportunistic TLS.
from verbs import *


def story():
    with_tls = Mx("127.0.0.2", tls=True)
    without = Mx("127.0.0.3", port=with_tls.port)
    dns = Dns("modern.example. MX 10 mx.modern.example.\nmx.modern.example. A 127.0.0.2\n"
              "old.example. MX 10 mx.old.example.\nmx.old.example. A 127.0.0.3")
    relay = Relay(mx=with_tls, dns=dns)
    user = relay.user(sender="app.example")

    relay.send("shop@app.example", ["ann@modern.example", "bob@old.example"], user=user)

    same([mail.tls for mail in with_tls.wait()], [True], "TLS where it is offered")
    same([mail.tls for mail in without.wait()], [False], "TLS where it is not")
