"""Large messages of class 5 are under way at a limited bandwidth when an urgent one comes: it goes first."""
# SPEC P3, D12: the transfers that it interrupts resume by themselves and arrive whole; no lease is lost.
import collections
import hashlib
import time

from metrics import figures
from verbs import *

RATE = 1_000_000
LARGE = 2_000_000
URGENT = 1_000_000
WAITING = 'delivery_waiting_for_bandwidth{class="5"}'
WRITTEN = 'delivery_egress_bytes_total{class="%d"}'

Written = collections.namedtuple("Written", "urgent others")


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns, metrics={"listen": "127.0.0.1:0"}, queue={"lease_time": "3s"},
                  delivery={"egress_rate": RATE})
    news = relay.user(sender="news.example", priority=5)
    shop = relay.user(sender="app.example", priority=1)
    sent = {name: large("news@news.example", f"{name}@receiver.example", LARGE)
            for name in ("ann", "bob", "cy")}
    urgent = large("shop@app.example", "dan@receiver.example", URGENT)
    begin = time.monotonic()
    for name, content in sent.items():
        relay.send("news@news.example", f"{name}@receiver.example", user=news, content=content)
    until(lambda: figures(relay).get(WAITING, 0) >= 3, "three transfers that share the bandwidth")

    relay.send("shop@app.example", "dan@receiver.example", user=shop, content=urgent)
    lower = while_urgent(relay, mx)
    same([mail.recipients for mail in mx.mails], [["dan@receiver.example"]], "what arrived first")
    mx.wait(4)
    took = time.monotonic() - begin
    print(f"while {lower.urgent:.0f} octets of class 1 were written, {lower.others:.0f} of class 5 were; "
          f"all {3 * LARGE + URGENT} took {took:.2f} s at {RATE} a second")
    holds(lower.urgent > URGENT / 4, f"too little was seen: {lower}")
    holds(lower.others < lower.urgent / 10, f"class 5 went on beside class 1: {lower}")
    holds(took >= (3 * LARGE + URGENT) / RATE - 0.1, f"faster than the rate: {took:.2f} s")
    for name, content in sent.items():
        [mail] = mx.to(f"{name}@receiver.example")
        holds(mail.content.endswith(content[-LARGE + 72:]), f"the one to {name} changed")
    until(relay.queue_empty, "the queue to be empty")
    same(relay.events(kind="uncertain"), [], "leases that were lost")


def large(sender, to, size):
    line = hashlib.sha512(to.encode()).hexdigest().encode()[:70] + b"\r\n"
    return mail_text(sender, to, "large") + line * (size // len(line))


def while_urgent(relay, mx):
    """What was written from the first octet of class 1 that is seen to the last."""
    seen = []

    def arrived():
        now = figures(relay)
        seen.append((now[WRITTEN % 1], now[WRITTEN % 5]))
        return mx.to("dan@receiver.example")

    until(arrived, "the urgent message")
    during = [each for each in seen if 0 < each[0] < URGENT]
    holds(len(during) > 1, f"it was not seen under way: {seen}")
    return Written(during[-1][0] - during[0][0], during[-1][1] - during[0][1])
