"""libESMTP, in C; what Balsa sends with."""

import os
import pathlib

from client import Client, debian, run, scratch

SOURCE = pathlib.Path(__file__).with_suffix(".c")
PROGRAM = os.path.join(scratch(), "libesmtp")


def prepare():
    run("gcc", "-Wall", "-O1", "-o", PROGRAM, SOURCE, "-lesmtp", "-lssl", "-lcrypto")


def send(letter):
    run(PROGRAM, f"{letter.host}:{letter.port}", letter.transport, letter.ca, letter.user,
        letter.password, letter.sender, letter.raw, *letter.recipients)


CLIENT = Client(
    name="libESMTP", version=debian("libesmtp-dev"), send=send, prepare=prepare, mechanisms=("PLAIN",),
    cannot={"LOGIN": "libESMTP takes the first mechanism offered that it knows, which is PLAIN.",
            "tls": "libESMTP knows STARTTLS only.",
            "utf8-address": "libESMTP does not ask for SMTPUTF8."},
    note="libESMTP is kept to TLS 1.2: with TLS 1.3 it may read a session ticket before it has written "
         "its EHLO, with any server, and then waits for ever.")
