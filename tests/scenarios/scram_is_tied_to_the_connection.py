"""SCRAM-SHA-256-PLUS with each channel binding: good for its own TLS connection, new or resumed, and for
no other."""
# SPEC S3, RFC 5929, RFC 9266 (Python knows no tls-exporter: gsasl does, elsewhere)
import hashlib
import ssl

from sasl import scram
from verbs import *


def story():
    relay = Relay()
    user = relay.user(sender="app.example")
    context = ssl._create_unverified_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def connect(session=None):
        """A session in TLS, and its bindings by name."""
        client = relay.session()
        client.docmd("STARTTLS")
        client.sock = context.wrap_socket(client.sock, session=session)
        client.file = None
        client.ehlo()
        certificate = client.sock.getpeercert(binary_form=True)
        return client, {"tls-unique": client.sock.get_channel_binding("tls-unique"),
                        "tls-server-end-point": hashlib.sha256(certificate).digest()}

    client, bindings = connect()
    resumed, resumed_bindings = connect(client.sock.session)
    holds(resumed.sock.session_reused, "the TLS session was not resumed")
    for name, session in (("new", None), ("resumed", client.sock.session)):
        for binding in bindings:
            fresh, own = connect(session)
            same(scram(fresh, user.name, user.password, binding, own[binding])[0], 235,
                 f"{binding}, {name}")
    code, text = scram(resumed, user.name, user.password, "tls-unique", bindings["tls-unique"])
    same((code, text.split()[0]), (535, "5.7.8"), "the binding of another connection")
    holds(bindings["tls-unique"] != resumed_bindings["tls-unique"], "two connections, one binding")
    code, text = scram(resumed, user.name, user.password, "tls-exporter", b"x" * 32)
    same((code, text.split()[0]), (535, "5.7.8"), "a binding of TLS 1.3")
    same(scram(resumed, user.name, user.password)[0], 235, "without a binding")
