"""An account's counters by hour add up to what happened to its messages."""
# SPEC E4: events by hour.
from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns, delivery={"first_retry": "1s"})
    user = relay.user(sender="app.example")
    mx.reply("RCPT", "451 4.2.0 later", about="slow@receiver.example")
    mx.reply("RCPT", "550 5.1.1 nobody", about="gone@receiver.example")

    for name in ("ann", "bob", "slow", "gone"):
        relay.send("shop@app.example", f"{name}@receiver.example", user=user)
    relay.refusal("eve@other.example", "ann@receiver.example", user=user)

    # Accepted are four and the bounce, which fails as well: app.example has no host.
    wanted = {"accepted": 5, "delivered": 3, "deferred": 1, "failed": 2, "bounced": 1,
              "sender_refused": 1}
    until(lambda: wanted.items() <= counters(relay, user.account).items(),
          lambda: f"{wanted}; the counters are {counters(relay, user.account)}")


def counters(relay, account):
    totals = {}
    for hour in relay.cli("stats", "show", "--account", account)["hours"]:
        for name, count in hour["counts"].items():
            totals[name] = totals.get(name, 0) + int(count)
    return totals
