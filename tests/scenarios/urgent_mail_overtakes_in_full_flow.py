"""The backlog already flows when the urgent message comes: it passes all that has not begun."""
# SPEC P3: prefetched lower deliveries give way; at most what is in the worker's hands goes first.
from verbs import *

IN_HANDS = 100


def story(count=3000):
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = RolesApart(mx=mx, dns=dns, idle=["delivery"],
                       delivery={"prefetch": IN_HANDS})
    relay.user(sender="news.example", priority=5, network="127.0.0.0/8")
    urgent = relay.user(sender="app.example", priority=1)
    clients.smtp_source(relay, "news@news.example", "list@receiver.example", count, sessions=10)
    client = relay.session(urgent)
    relay.start("delivery")
    mx.wait(100)

    relay.send("shop@app.example", "ann@receiver.example", "your code", client=client)
    already = len(mx.mails)

    until(lambda: mx.to("ann@receiver.example"), "the urgent message", seconds=60)
    place = [mail.recipients for mail in mx.mails].index(["ann@receiver.example"]) + 1
    print(f"{already} of {count} had arrived when it was queued; it arrived as number {place}")
    holds(already < count, "the backlog was gone before the urgent message came")
    holds(place - already <= IN_HANDS, f"{place - already} others arrived before it")
