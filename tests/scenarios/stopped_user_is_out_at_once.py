"""A user is deactivated, blocked or deleted: its running session ends and it cannot log in again."""
# SPEC U4, U6: access ends at once.
# SPEC U11: so does that of a deleted user, and what it has sent stays known.
import time

from verbs import *


def story():
    relay = Relay()
    for words, code in ((("deactivate",), 525), (("block", "--reason", "abuse"), 525),
                        (("delete",), 535)):
        user = relay.user(sender="app.example")
        message_id = relay.send("shop@app.example", "ann@receiver.example", user=user)
        running = relay.session(user)

        relay.cli("users", words[0], user.name, *words[1:])
        changed = time.monotonic()

        until(lambda: login_code(relay, user) == code, f"{code} after {words[0]}", seconds=5)
        holds(time.monotonic() - changed < 1, f"it could log in for more than a second: {words[0]}")
        same(running.docmd("MAIL FROM:<shop@app.example>")[0], 421, "what the running session is told")
        accepted = relay.events(message_id, kind="accepted")
        same([event["envelope"]["user"] for event in accepted], [user.name], "who sent it")


def login_code(relay, user):
    try:
        relay.session(user).quit()
    except Refused as end:
        return end.reply.code
    return 235
