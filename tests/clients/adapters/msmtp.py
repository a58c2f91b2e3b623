"""msmtp, the sendmail of scripts and of mutt."""

from client import Client, debian, run

_TRANSPORT = {"clear": ["--tls=off"], "starttls": ["--tls=on", "--tls-starttls=on"],
              "tls": ["--tls=on", "--tls-starttls=off"]}


def send(letter):
    run("msmtp", "--file=/dev/null", f"--host={letter.host}", f"--port={letter.port}",
        *_TRANSPORT[letter.transport], f"--tls-trust-file={letter.ca}",
        f"--auth={letter.auth.lower()}", f"--user={letter.user}",
        f"--passwordeval=printf %s '{letter.password}'", f"--from={letter.sender}", "--timeout=60",
        "--", *letter.recipients, stdin=letter.raw_bytes)


CLIENT = Client(
    name="msmtp", version=debian("msmtp"), send=send, exact=True,
    mechanisms=("PLAIN", "LOGIN", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER"),
    cannot={"utf8-address": "msmtp does not ask for SMTPUTF8."})
