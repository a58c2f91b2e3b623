"""PHPMailer, what WordPress and most PHP programs send with."""

import pathlib

from client import Client, debian, run

SCRIPT = pathlib.Path(__file__).with_suffix(".php")


def send(letter):
    run("php", "-d", f"openssl.cafile={letter.ca}", "-d", "memory_limit=512M", SCRIPT, letter.json)


CLIENT = Client(
    name="PHPMailer", version=debian("libphp-phpmailer"), send=send,
    mechanisms=("PLAIN", "LOGIN", "XOAUTH2"),
    cannot={"utf8-address": "PHPMailer before 7.0 does not ask for SMTPUTF8."})
