"""A cluster's master that was replaced wakes up and goes on as one: what was answered 250 arrives."""
# SPEC Q1, Q7: as with sentinels; its one replica has taken its place, so that none acknowledges it.
from redis_cluster import RedisCluster
from verbs import *


def story(messages=3000, rounds=3):
    cluster = RedisCluster("--min-replicas-to-write", 1, "--min-replicas-max-lag", 2)
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns, redis={**cluster.config, "replicas": 1}, queue={"partitions": 3})
    user = relay.user(sender="app.example")
    partition = cluster.slot_of(f"{{{int(user.account) % 3}}}")
    relay.cli("queue", "hold", "destination:receiver.example")
    flow = Flow(relay, user, messages, connections=4)

    for number in range(1, rounds + 1):
        flow.wait_for(number * messages // (rounds + 1))
        cluster.await_healthy()
        cluster.replace_paused_master(partition)
    flow.wait_for(messages)

    relay.cli("queue", "release", "destination:receiver.example")
    print(f"{rounds} masters replaced:", flow.all_arrived(relay, mx))
