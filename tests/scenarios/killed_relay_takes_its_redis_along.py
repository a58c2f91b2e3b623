"""Nothing is left behind when the relay is killed, and the data is free for the next start."""
# SPEC O1: the embedded Redis cannot outlive the relay.
from verbs import *


def story():
    relay = Relay()
    user = relay.user(sender="app.example")
    redis = redis_of(relay)

    relay.process.kill()

    until(lambda: not redis.exists(), "Redis to end")
    relay.start()
    relay.session(user).quit()
