"""`serve --demo`: what it writes down works at once, and still does at the second start."""
# SPEC O1
# SPEC O2: what scripts/up starts when it has installed and built.
import json
import stat

from verbs import *


def story():
    out = stage.directory / "demo.json"
    relay = Relay(options=["--demo", "--demo-out", out])

    demo = json.loads(out.read_text())
    same(stat.S_IMODE(out.stat().st_mode), 0o600, "the file's mode")
    same(sorted(demo), ["grpc", "host", "password", "ports", "sender", "user"], "its keys")
    same([int(port) for port in demo["ports"]], [relay.port], "the ports")
    user = User(demo["user"], demo["password"], 1)
    relay.send(demo["sender"], "you@example.net", "first", user=user)
    until(lambda: relay.inbox(1), "the mail to be captured")

    relay.restart()

    same(json.loads(out.read_text())["password"], user.password, "the password")
    relay.send(demo["sender"], "you@example.net", "second", user=user)
    until(lambda: len(relay.inbox(1)) == 2, "the second mail to be captured")
    same([mail["subject"] for mail in relay.inbox(1)], ["first", "second"], "the subjects")
