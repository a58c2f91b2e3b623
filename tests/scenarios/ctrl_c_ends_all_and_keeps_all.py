"""Ctrl-C ends the relay and its Redis; the next start on the same data has users and mail."""
# SPEC O1: the embedded Redis is a child that stops with the relay.
import signal

from verbs import *


def story():
    relay = Relay()
    account = relay.account(channel="sandbox")
    user = relay.user(sender="app.example", account=account)
    relay.send("shop@app.example", "ann@receiver.example", "kept", user=user)
    until(lambda: relay.inbox(account), "the mail to be captured")
    redis = redis_of(relay)

    same(relay.process.stop(signal.SIGINT), 0, "the exit code")

    until(lambda: not redis.exists(), "Redis to end")
    relay.start()
    same([mail["subject"] for mail in relay.inbox(account)], ["kept"], "the captured mail")
    relay.send("shop@app.example", "ann@receiver.example", "again", user=user)
    until(lambda: len(relay.inbox(account)) == 2, "the second mail")
