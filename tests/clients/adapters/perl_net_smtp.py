"""Perl's Net::SMTP."""

import pathlib

from client import Client, debian, run

SCRIPT = pathlib.Path(__file__).with_suffix(".pl")


def send(letter):
    run("perl", SCRIPT, letter.json)


CLIENT = Client(
    name="Perl Net::SMTP", version=lambda: run("perl", "-MNet::SMTP", "-e", "print $Net::SMTP::VERSION"),
    send=send, mechanisms=("PLAIN", "LOGIN"), exact=True,
    cannot={"utf8-address": "Net::SMTP does not ask for SMTPUTF8."})
