"""Real clients log in by SCRAM, tied to their TLS connection where they can, and by bearer tokens."""
# SPEC S3
import re
import subprocess

from tokens import Issuer
from verbs import *


def run(*words, stdin=""):
    done = subprocess.run([str(word) for word in words], input=stdin, capture_output=True, text=True,
                          timeout=60 * PATIENCE, check=False)
    return done.returncode, done.stdout + done.stderr


def gsasl(relay, user, password, mechanism, *more):
    """GNU SASL's own client: whether it got in, and all that was said."""
    code, said = run("gsasl", "--smtp", "--connect", f"127.0.0.1:{relay.port}", "--hostname",
                     "relay.example", "--service", "smtp", "--mechanism", mechanism,
                     "--authentication-id", user, "--authorization-id", user, "--password", password,
                     "--verbose", *more)
    return code == 0 and "235 2.7.0" in said, said


def msmtp(relay, user, secret, mechanism, to):
    return run("msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={relay.port}", "--tls=on",
               "--tls-starttls=on", "--tls-certcheck=off", f"--auth={mechanism}", f"--user={user}",
               f"--passwordeval=printf %s '{secret}'", "--from=shop@app.example", to,
               stdin=f"From: shop@app.example\nTo: {to}\nSubject: {mechanism}\n\nhello\n")


def curl(relay, user, token, mechanism, to):
    return run("curl", "-sS", "-v", "--ssl-reqd", "--insecure", f"smtp://127.0.0.1:{relay.port}",
               "--user", f"{user}:", "--oauth2-bearer", token, "--login-options", f"AUTH={mechanism}",
               "--mail-from", "shop@app.example", "--mail-rcpt", to, "--upload-file", "-",
               stdin="From: shop@app.example\r\nSubject: token\r\n\r\nhello\r\n")


def story():
    issuer = Issuer()
    relay = Relay(auth={"oauth_issuers": [issuer.config]})
    account = relay.account(channel="sandbox")
    user = relay.user(sender="app.example", account=account)
    other = relay.user(sender="other.example", account=account)

    for mechanism, more in (("SCRAM-SHA-256", ["--no-starttls"]),
                            ("SCRAM-SHA-256", ["--starttls", "--no-cb", "--x509-ca-file="]),
                            ("SCRAM-SHA-256-PLUS", ["--starttls", "--x509-ca-file="])):
        good, said = gsasl(relay, user.name, user.password, mechanism, *more)
        holds(good, lambda: f"{mechanism} {more}: {said}")
        good, said = gsasl(relay, user.name, "not it", mechanism, *more)
        holds(not good and "535 5.7.8" in said, lambda: f"{mechanism} {more}, wrong: {said}")
        holds(re.search(rf"AUTH {mechanism}\b", said), said)

    token = issuer.token(user.name)
    tried = [("scram-sha-256", msmtp, user.password), ("oauthbearer", msmtp, token),
             ("xoauth2", msmtp, token), ("OAUTHBEARER", curl, token), ("XOAUTH2", curl, token)]
    for number, (mechanism, client, secret) in enumerate(tried, 1):
        code, said = client(relay, user.name, secret, mechanism, "ann@receiver.example")
        holds(code == 0, lambda: f"{client.__name__} {mechanism}: {said}")
        until(lambda: len(relay.inbox(account)) == number, f"the mail by {mechanism}")

    for why, bad in (("expired", issuer.token(user.name, seconds=-60)),
                     ("another user's", issuer.token(other.name)),
                     ("for others", issuer.token(user.name, aud="other")),
                     ("changed", token[:-8] + "AAAAAAAA")):
        for mechanism, client in (("OAUTHBEARER", curl), ("xoauth2", msmtp)):
            code, said = client(relay, user.name, bad, mechanism, "ann@receiver.example")
            holds(code != 0, lambda: f"{why}: {client.__name__} {mechanism}: {said}")
    same(len(relay.inbox(account)), len(tried), "what arrived")

    relay.cli("users", "block", user.name, "--reason", "spam")
    code, said = curl(relay, user.name, token, "OAUTHBEARER", "ann@receiver.example")
    holds(code != 0 and "525 5.7.13" in said, said)
