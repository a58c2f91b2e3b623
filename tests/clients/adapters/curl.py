"""curl's smtp:// and smtps://."""

from client import Client, debian, run

_TOKEN = ("XOAUTH2", "OAUTHBEARER")


def send(letter):
    scheme = "smtps" if letter.transport == "tls" else "smtp"
    secret = (["--user", f"{letter.user}:", "--oauth2-bearer", letter.password]
              if letter.auth in _TOKEN else ["--user", f"{letter.user}:{letter.password}"])
    recipients = [word for to in letter.recipients for word in ("--mail-rcpt", to)]
    run("curl", "-sS", "-v", f"{scheme}://{letter.host}:{letter.port}/client.example",
        *(["--ssl-reqd"] if letter.transport == "starttls" else []), "--cacert", letter.ca, *secret,
        "--login-options", f"AUTH={letter.auth}", "--mail-from", letter.sender, *recipients,
        "--upload-file", letter.raw, environment={"LC_ALL": "C.UTF-8"})


CLIENT = Client(name="curl", version=debian("curl"), send=send, exact=True,
                mechanisms=("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"))
