"""An operator stops a destination, slows it down, asks why mail waits, and lets it go on."""
# SPEC Q4, Q5, Q6: holds, throttles, changes of what waits with a dry run, and "why", by the CLI.
from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns)
    relay.user(sender="app.example", network="127.0.0.0/8")

    relay.cli("queue", "hold", "destination:receiver.example", "--reason", "they asked for a pause")
    ids = [relay.send("shop@app.example", f"{name}@receiver.example") for name in ("ann", "bob", "cy")]
    why = relay.cli("queue", "why", ids[0])["explanations"][0]
    same(why["reason"], "WAIT_REASON_HOLD", "why it waits")
    holds("they asked for a pause" in why["text"], f"no reason in: {why['text']}")
    dry = relay.cli("queue", "release", "destination:receiver.example", "--dry-run")
    same(dry["deliveries"], "3", "deliveries that a dry run says are held")
    same(len(mx.mails), 0, "mails that came through the hold")

    dry = relay.cli("queue", "cancel", "--recipient", "bob@", "--dry-run")
    same((dry["matched"], dry["changed"]), ("1", "1"), "what the dry run says")
    same(relay.queue_stats()["messages"], 3, "messages after the dry run")
    done = relay.cli("queue", "cancel", "--recipient", "bob@", "--reason", "wrong address")
    same((done["matched"], done["changed"]), ("1", "1"), "what was cancelled")
    same(relay.kinds(ids[1]), ["accepted", "cancelled"], "the events of the cancelled message")
    relay.cli("queue", "pause", "--message", ids[2], "--reason", "a wrong price")
    why = relay.cli("queue", "why", ids[2])["explanations"][0]
    same((why["reason"], why["detail"]), ("WAIT_REASON_PAUSED", "a wrong price"), "why")

    relay.cli("queue", "release", "destination:receiver.example")
    mx.wait(1)
    same(mx.mails[0].recipients, ["ann@receiver.example"], "what goes on")
    relay.cli("queue", "resume", "--message", ids[2])
    mx.wait(2)

    relay.cli("queue", "throttle", "destination:receiver.example", "--rate", "1/1h")
    throttled = [relay.send("shop@app.example", "dan@receiver.example") for _ in range(2)]
    mx.wait(3)
    until(lambda: relay.queue_stats()["messages"] == 1, "one message to be left")
    left = [each for each in throttled if "delivered" not in relay.kinds(each)][0]
    why = relay.cli("queue", "why", left)["explanations"][0]
    same((why["reason"], why["scope"]), ("WAIT_REASON_THROTTLE", "destination:receiver.example"), "why")
    relay.cli("queue", "throttle", "destination:receiver.example", "--remove")
    mx.wait(4)
    until(relay.queue_empty, "the queue to be empty")
