"""A user starts inactive: with the right password it hears why, with a wrong one it does not."""
# SPEC U5, S3: 525 5.7.13 inactive with the right password.
from verbs import *


def story():
    relay = Relay()
    user = relay.user(sender="app.example", active=False)

    inactive = relay.refusal("shop@app.example", "ann@receiver.example", user=user)
    wrong = relay.refusal("shop@app.example", "ann@receiver.example",
                          user=user._replace(password="not it"))

    same(inactive.code, 525, "the code")
    holds(inactive.text.startswith("5.7.13 "), inactive.text)
    same(wrong.code, 535, "the code for a wrong password")
    same(relay.queue_stats()["messages"], 0, "what is queued")
    relay.cli("users", "activate", user.name)
    relay.session(user).quit()
