"""nodemailer, what most Node.js programs send with."""

import pathlib

import node
from client import Client, run

SCRIPT = pathlib.Path(__file__).with_suffix(".mjs")


def send(letter):
    run("node", SCRIPT, letter.json)


CLIENT = Client(name="nodemailer", version=node.version("nodemailer"), send=send, prepare=node.install,
                mechanisms=("PLAIN", "LOGIN", "XOAUTH2"))
