"""Services that start before their Redis say so, wait for it, and need no second start; SIGTERM ends the wait."""
# SPEC O3: pods start in any order.
from verbs import *


def story():
    directory = stage.directory / "redis"
    address = {"address": f"unix:{directory}/redis.sock"}
    stopped = Relay(redis=address, start=False)
    process = stopped.launch()
    until(lambda: "Redis does not answer, it is waited for" in process.log(), "the first to wait")
    same(process.stop(), 0, "the exit code of what is stopped while it waits")

    early = Relay(redis=address, start=False)
    early.process = early.launch()
    until(lambda: "Redis does not answer, it is waited for" in early.log(), "the second to wait")
    start_redis(directory, fsync="always")
    until(lambda: "ready: roles" in early.log(), "it to be ready")

    same(early.log().count("does not answer"), 1, "how often it complains")
    early.cli("accounts", "list")
    early.stop()
