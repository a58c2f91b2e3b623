"""Somebody guesses passwords: he waits longer and longer and is then not heard; who usually logs in
from there gets in as before."""
# SPEC S3
import time

from sasl import plain
from verbs import *


def login(relay, name, password):
    """Code, text and seconds of the answer to AUTH."""
    client = relay.session()
    start = time.monotonic()
    code, text = client.docmd("AUTH PLAIN", plain(name, password))
    seconds = time.monotonic() - start
    client.close()
    return code, text.decode(), seconds


def story():
    relay = Relay(auth={"free_failures": 3, "max_failures_per_address": 6, "longest_delay": "400ms"})
    user = relay.user(sender="app.example")
    stranger = relay.user(sender="other.example")
    same(login(relay, user.name, user.password)[0], 235, "the user's first login")

    answers = [login(relay, f"s9_{number}", "guess") for number in range(6)]
    same({(code, text) for code, text, _ in answers},
         {(535, "5.7.8 wrong user name or password")}, "the answers to guesses")
    delays = [seconds for _, _, seconds in answers]
    holds(delays[3] >= 0.25 and min(delays[4:]) >= 0.4, f"they are not slowed: {delays}")

    for name, password in (("s9_9", "guess"), (stranger.name, stranger.password)):
        code, text, _ = login(relay, name, password)
        same((code, text), (421, "4.7.0 too many logins have failed, try again later"), name)
    same(login(relay, user.name, user.password)[0], 235, "who usually logs in from there")
    holds("logins of 127.0.0.1 are slowed" in relay.log(), "the log does not tell of it")

    # The operator's own networks are another matter.
    relay.stop()
    relay.options += ["--set", "auth.exempt_networks=[127.0.0.0/8]"]
    relay.start()
    same(login(relay, "s9_9", "guess")[0], 535, "a wrong password from an exempt network")
    same(login(relay, stranger.name, stranger.password)[0], 235, "the stranger's login")
