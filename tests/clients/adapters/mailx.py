"""s-nail, the mailx that speaks SMTP."""

import pathlib
import urllib.parse

from client import Client, debian, run


def send(letter):
    scheme = "smtps" if letter.transport == "tls" else "smtp"
    user, password = (urllib.parse.quote(one, safe="") for one in (letter.user, letter.password))
    variables = [f"mta={scheme}://{user}:{password}@{letter.host}:{letter.port}",
                 f"smtp-auth={letter.auth.lower()}", f"tls-ca-file={letter.ca}", "tls-verify=strict",
                 "tls-ca-no-defaults", f"from={letter.sender}", "hostname=client.example",
                 "sendwait", "v15-compat=yes", "ttycharset=utf-8", "mime-encoding=quoted-printable"]
    variables += ["smtp-use-starttls"] if letter.transport == "starttls" else []
    words = [word for variable in variables for word in ("-S", variable)]
    words += ["-s", letter.subject]
    words += [word for address in letter.cc for word in ("-c", address)]
    words += [word for address in letter.bcc for word in ("-b", address)]
    words += ["-a", letter.attachment] if letter.attachment else []
    run("s-nail", "-:/", *words, "-.", *letter.to, stdin=letter.text.encode(),
        environment={"LC_ALL": "C.UTF-8", "HOME": letter.directory, "MAILRC": "/dev/null"},
        directory=pathlib.Path(letter.directory))


CLIENT = Client(
    name="mailx (s-nail)", version=debian("s-nail"), send=send,
    mechanisms=("PLAIN", "LOGIN", "OAUTHBEARER"),
    cannot={"html": "mailx writes one body, not two alternatives.",
            "utf8-address": "s-nail does not ask for SMTPUTF8."})
