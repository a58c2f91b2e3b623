"""Python's own smtplib, in this process."""

import platform
import smtplib
import ssl

from client import Client
from stage import Failed


def send(letter):
    context = ssl.create_default_context(cafile=letter.ca)
    implicit = {"context": context} if letter.transport == "tls" else {}
    kind = smtplib.SMTP_SSL if implicit else smtplib.SMTP
    try:
        with kind(letter.host, letter.port, timeout=60, **implicit) as client:
            if letter.transport == "starttls":
                client.starttls(context=context)
            client.ehlo()
            client.user, client.password = letter.user, letter.password
            client.auth(letter.auth, getattr(client, f"auth_{letter.auth.lower()}"))
            options = ["SMTPUTF8", "BODY=8BITMIME"] if letter.smtputf8 else []
            client.sendmail(letter.sender, letter.recipients, letter.raw_bytes, options)
    except smtplib.SMTPException as error:
        raise Failed(repr(error)) from None


CLIENT = Client(name="Python smtplib", version=platform.python_version, send=send, exact=True,
                mechanisms=("PLAIN", "LOGIN"))
