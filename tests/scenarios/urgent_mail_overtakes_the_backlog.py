"""A password reset does not wait behind a newsletter, however much of it is queued."""
# SPEC P3: strict priority. The urgent message is queued last, while delivery is stopped; it may only
# be behind what the worker takes in its very first grasp.
import time

from verbs import *

FIRST_FEW = 5


def story(count=3000):
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = RolesApart(mx=mx, dns=dns, idle=["delivery"])
    relay.user(sender="news.example", priority=5, network="127.0.0.0/8")
    urgent = relay.user(sender="app.example", priority=1)
    begun = time.monotonic()
    clients.smtp_source(relay, "news@news.example", "list@receiver.example", count, sessions=10)
    loaded = time.monotonic() - begun
    relay.send("shop@app.example", "ann@receiver.example", "your code", user=urgent)
    same(relay.queue_stats()["ready"], {1: 1, 2: 0, 3: 0, 4: 0, 5: count}, "what waits")

    begun = time.monotonic()
    relay.start("delivery")

    until(lambda: mx.to("ann@receiver.example"), "the urgent message", seconds=60)
    place = [mail.recipients for mail in mx.mails].index(["ann@receiver.example"]) + 1
    print(f"{count} loaded in {loaded:.1f} s; the urgent one arrived as number {place}, "
          f"{time.monotonic() - begun:.2f} s after the start of delivery")
    holds(place <= FIRST_FEW, f"the urgent message arrived as number {place}")
