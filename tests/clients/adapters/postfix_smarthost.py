"""Postfix with the relay as its smarthost (relayhost)."""

from client import Client, debian
from postfix import Postfix
from stage import Failed, until


def send(letter):
    tls = {"smtp_tls_security_level": "none"} if letter.transport == "clear" else {
        "smtp_tls_security_level": "secure", "smtp_tls_CAfile": letter.ca,
        "smtp_tls_secure_cert_match": "hostname",
        "smtp_tls_wrappermode": "yes" if letter.transport == "tls" else "no"}
    server = Postfix(relayhost=f"[{letter.host}]:{letter.port}", smtp_sasl_auth_enable="yes",
                     smtp_sasl_password_maps=f"static:{letter.user}:{letter.password}",
                     smtp_sasl_mechanism_filter=letter.auth.lower(),
                     smtp_sasl_security_options="noanonymous", **tls)
    server.submit(letter.sender, letter.recipients, letter.raw_bytes)
    until(lambda: len(server.outcomes()) >= len(letter.recipients),
          lambda: f"Postfix to send: {server.log()[-2000:]}", 60)
    server.stop()
    outcomes = server.outcomes()[:len(letter.recipients)]
    if any(status != "sent" for status, _ in outcomes):
        raise Failed(f"Postfix: {outcomes}")


CLIENT = Client(name="Postfix", version=debian("postfix"), send=send, exact=True,
                mechanisms=("PLAIN", "LOGIN", "SCRAM-SHA-256"))
