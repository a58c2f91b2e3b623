"""Ruby's net/smtp."""

import pathlib

from client import Client, run

SCRIPT = pathlib.Path(__file__).with_suffix(".rb")


def send(letter):
    run("ruby", SCRIPT, letter.json)


CLIENT = Client(
    name="Ruby net/smtp", version=lambda: run("ruby", "-r", "net/smtp", "-e", "print Net::SMTP::VERSION"),
    send=send, mechanisms=("PLAIN", "LOGIN"), exact=True,
    cannot={"utf8-address": "net/smtp does not ask for SMTPUTF8."})
