"""emailjs for Node.js."""

import pathlib

import node
from client import Client, run

SCRIPT = pathlib.Path(__file__).with_suffix(".mjs")


def send(letter):
    run("node", SCRIPT, letter.json)


CLIENT = Client(name="emailjs", version=node.version("emailjs"), send=send, prepare=node.install,
                mechanisms=("PLAIN", "LOGIN", "XOAUTH2"),
                cannot={"utf8-address": "emailjs does not ask for SMTPUTF8."})
