"""A Redis master that sentinels have replaced wakes up and goes on as one: what was answered 250 arrives."""
# SPEC Q1, Q7: a 250 waits for all replicas, so for the one that has become the master as well; while one
# is away, clients are told to try again. Held mail shows what the queue has lost; mail that goes out at
# once may have left by the old master.
from redis_cluster import RedisSentinels
from verbs import *


def story(messages=3000, rounds=3):
    sentinels = RedisSentinels("--min-replicas-to-write", 2, "--min-replicas-max-lag", 2)
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns, redis={**sentinels.config, "replicas": 2})
    user = relay.user(sender="app.example")
    relay.cli("queue", "hold", "destination:receiver.example")
    flow = Flow(relay, user, messages, connections=4)

    for number in range(1, rounds + 1):
        flow.wait_for(number * messages // (rounds + 1))
        sentinels.await_healthy()
        sentinels.replace_paused_master()
    flow.wait_for(messages)

    relay.cli("queue", "release", "destination:receiver.example")
    print(f"{rounds} masters replaced:", flow.all_arrived(relay, mx))
