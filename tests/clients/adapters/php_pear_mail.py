"""PEAR's Mail with Mail_mime, on top of Net_SMTP."""

import pathlib

from client import Client, debian, run

SCRIPT = pathlib.Path(__file__).with_suffix(".php")


def send(letter):
    run("php", "-d", f"openssl.cafile={letter.ca}", "-d", "memory_limit=512M", "-d",
        "error_reporting=E_ERROR", SCRIPT, letter.json)


CLIENT = Client(
    name="PEAR Mail", version=debian("php-mail"), send=send,
    mechanisms=("PLAIN", "LOGIN", "XOAUTH2"),
    cannot={"clear": "PEAR Mail starts TLS whenever it is offered.",
            "utf8-address": "PEAR Mail does not ask for SMTPUTF8."})
