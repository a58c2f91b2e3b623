"""Where an operator gives low classes a share, they have it while urgent mail keeps coming."""
# SPEC P4: a floor, off by default. Both classes wait before delivery starts, urgent mail far beyond
# what a worker holds.
from verbs import *

URGENT, NEWS = 600, 120
SEEN = 400          # arrivals that are looked at
PERCENT = 20


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = RolesApart(mx=mx, dns=dns, idle=["delivery"],
                       queue={"floor_percent": PERCENT, "urgent_per_minute": 0})
    relay.user(sender="app.example", priority=1, network="127.0.0.0/8")
    clients.smtp_source(relay, "shop@app.example", "ann@receiver.example", URGENT, sessions=5)
    news = relay.user(sender="news.example", priority=5)
    for number in range(NEWS):
        relay.send("news@news.example", "list@receiver.example", f"news {number}", user=news)
    same(relay.queue_stats()["ready"], {1: URGENT, 2: 0, 3: 0, 4: 0, 5: NEWS}, "what waits")

    relay.start("delivery")
    until(lambda: len(mx.mails) >= SEEN, f"{SEEN} messages", seconds=60)
    low = sum(mail.recipients == ["list@receiver.example"] for mail in mx.mails[:SEEN])
    print(f"{low} of the first {SEEN} are of class 5")
    holds(SEEN * PERCENT / 100 * 0.5 <= low <= SEEN * PERCENT / 100 * 1.5,
          f"{low} of the first {SEEN} are of class 5")
