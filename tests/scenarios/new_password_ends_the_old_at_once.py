"""A password leaked: the new one is made, and the old one is worth nothing from that second on."""
# SPEC U4: also for AUTH in the next second, and running sessions end at their next command.
import time

from verbs import *


def story():
    relay = Relay()
    user = relay.user(sender="app.example")
    running = relay.session(user)  # now the gateway remembers the credential

    answer = relay.cli("users", "regenerate-password", user.name)
    changed = time.monotonic()

    until(lambda: refused(relay, user), "the old password to be refused", seconds=5)
    holds(time.monotonic() - changed < 1, "the old password worked for more than a second")
    same(running.docmd("MAIL FROM:<shop@app.example>")[0], 421, "what the running session is told")
    relay.session(user._replace(password=answer["password"])).quit()


def refused(relay, user):
    try:
        relay.session(user).quit()
    except Refused as end:
        return end.reply.code == 535
    return False
