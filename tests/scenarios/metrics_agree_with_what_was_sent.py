"""The figures for Prometheus agree with what was sent, and name nobody."""
# SPEC O5: by class and outcome; no account, user, address or destination.
from metrics import figures, scrape
from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns, metrics={"listen": "127.0.0.1:0"}, delivery={"first_retry": "1h"})
    user = relay.user(sender="app.example", priority=1)
    mx.reply("RCPT", "451 4.2.0 later", about="slow@receiver.example")
    mx.reply("RCPT", "550 5.1.1 nobody", about="gone@receiver.example")

    for name in ("ann", "bob", "slow", "gone"):
        relay.send("shop@app.example", f"{name}@receiver.example", user=user)
    relay.refusal("eve@other.example", "ann@receiver.example", user=user)

    # Failed are gone and the bounce: app.example has no host.
    wanted = {
        'gateway_accepted_total{class="1"}': 4, 'gateway_refused_total{status="5.7.1"}': 1,
        'gateway_sessions_total': 5, 'gateway_replies_total{code="354"}': 4,
        'queue_accepted_total{class="1"}': 4, 'queue_wait_seconds_count{class="1"}': 4,
        'queue_leases_ended_total{fate="retry"}': 1, 'queue_leases_ended_total{fate="done"}': 4,
        'queue_messages': 1, 'queue_deliveries{state="due"}': 1, 'queue_ready{class="1"}': 0,
        'delivery_attempts_total{outcome="delivered"}': 2,
        'delivery_attempts_total{outcome="deferred"}': 1,
        'delivery_attempts_total{outcome="failed"}': 2, 'delivery_seconds_count{class="1"}': 2,
        'delivery_lease_seconds_count{class="1"}': 4,
        'delivery_completed_seconds_count{class="1"}': 3}
    until(lambda: wanted.items() <= figures(relay).items(),
          lambda: f"figures: {({key: figures(relay).get(key) for key in wanted})}")
    told = scrape(relay)
    for name in ("example", "@", user.name):
        holds(name not in told, f"the figures name {name}")
