"""PEAR's Net_SMTP."""

import pathlib

from client import Client, debian, run

SCRIPT = pathlib.Path(__file__).with_suffix(".php")


def send(letter):
    run("php", "-d", f"openssl.cafile={letter.ca}", "-d", "memory_limit=512M", "-d",
        "error_reporting=E_ERROR", SCRIPT, letter.json)


CLIENT = Client(
    name="PEAR Net_SMTP", version=debian("php-net-smtp"), send=send, exact=True,
    mechanisms=("PLAIN", "LOGIN", "XOAUTH2"),
    cannot={"utf8-address": "Net_SMTP does not ask for SMTPUTF8."})
