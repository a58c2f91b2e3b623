"""A Redis Cluster moves slots and loses a master while mail flows: what was answered 250 arrives."""
# SPEC Q7, Q1: a replica has each message before its 250; meanwhile clients are told to try again.
from redis_cluster import RedisCluster
from verbs import *


def story(messages=900):
    cluster = RedisCluster("--min-replicas-to-write", 1, "--min-replicas-max-lag", 2)
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns, redis={**cluster.config, "replicas": 1},
                  queue={"lease_time": "3s", "partitions": 3}, delivery={"first_retry": "1s"})
    user = relay.user(sender="app.example")
    partition = cluster.slot_of(f"{{{int(user.account) % 3}}}")
    flow = Flow(relay, user, messages, connections=4)

    flow.wait_for(messages // 3)
    for number in range(3):
        slot = cluster.slot_of(f"{{{number}}}")
        cluster.move(slot, next(master for master in cluster.masters()
                                if master != cluster.master_of(slot)), batch=1)

    flow.wait_for(messages * 2 // 3)
    victim = cluster.master_of(partition)
    cluster.nodes[victim].kill()
    until(lambda: cluster.master_of(partition) is not None, "another master")
    cluster.nodes[victim].start()
    flow.wait_for(messages)

    print("a move of each partition and a fail-over:", flow.all_arrived(relay, mx))
