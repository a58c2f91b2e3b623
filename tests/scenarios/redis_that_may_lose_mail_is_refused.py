"""A Redis that syncs once a second would lose acknowledged mail: refused, unless it is allowed."""
# SPEC Q1: appendfsync always is checked at start; the log says which level held.
from verbs import *


def story():
    directory = stage.directory / "redis"
    start_redis(directory, fsync="everysec")
    address = {"address": f"unix:{directory}/redis.sock"}

    refused = Relay(redis=address, start=False).launch()

    same(refused.ended(), 1, "the exit code")
    last = refused.log().splitlines()[-1]
    holds("appendfsync" in last and "always" in last, last)
    allowed = Relay(redis={**address, "allow_volatile": True})
    user = allowed.user(sender="app.example", account=allowed.account(channel="sandbox"))
    message_id = allowed.send("shop@app.example", "ann@receiver.example", user=user)
    until(lambda: [line for line in allowed.log().splitlines() if f"id={message_id} " in line
                   and "event=accepted" in line and "durability=volatile" in line], "the log line")
