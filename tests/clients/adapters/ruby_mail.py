"""Ruby's mail, what Rails sends with."""

import pathlib

from client import Client, debian, run

SCRIPT = pathlib.Path(__file__).with_suffix(".rb")


def send(letter):
    run("ruby", SCRIPT, letter.json, environment={"SSL_CERT_FILE": letter.ca})


CLIENT = Client(
    name="Ruby mail", version=debian("ruby-mail"), send=send, mechanisms=("PLAIN", "LOGIN"),
    # A dot alone and, in quoted-printable, line ends.
    forgives=lambda lines: [line.replace("..", ".") for line in lines if line],
    note="mail 2.7 doubles a line that is a single dot, and in quoted-printable writes CR as a character: "
         "both are overlooked.",
    cannot={"clear": "mail 2.7 starts TLS whenever it is offered.",
            "utf8-address": "mail sends with net/smtp, which does not ask for SMTPUTF8."})
