"""emersion's go-smtp, as Debian packages it."""

import os
import pathlib

from client import Client, debian, run, scratch

SOURCE = pathlib.Path(__file__).with_suffix(".go")
PROGRAM = os.path.join(scratch(), "go_smtp")


def prepare():
    run("/usr/bin/go", "build", "-o", PROGRAM, SOURCE, environment={
        "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOROOT": "", "GOFLAGS": "",
        "GOCACHE": os.path.join(scratch(), "go")})


def send(letter):
    run(PROGRAM, letter.json, environment={"SSL_CERT_FILE": letter.ca})


CLIENT = Client(
    name="go-smtp", version=debian("golang-github-emersion-go-smtp-dev"), send=send, prepare=prepare,
    mechanisms=("PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"), exact=True)
