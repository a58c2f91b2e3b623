"""A second relay on the same data would corrupt it: it is refused, and says why."""
# SPEC O1: one owner of a data directory.
from verbs import *


def story():
    relay = Relay()
    user = relay.user(sender="app.example")

    second = Relay(data=relay.data, start=False)
    process = second.launch()

    same(process.ended(), 1, "the exit code")
    last = process.log().splitlines()[-1]
    holds("another process" in last and str(relay.data) in last, last)
    relay.session(user).quit()
