"""Sentinels make a replica the master while mail flows: what was answered 250 arrives."""
# SPEC Q7, Q1: the replica has each message before its 250; meanwhile clients are told to try again.
from redis_cluster import RedisSentinels
from verbs import *


def story(messages=600):
    sentinels = RedisSentinels("--min-replicas-to-write", 1, "--min-replicas-max-lag", 2)
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns, redis={**sentinels.config, "replicas": 1},
                  queue={"lease_time": "3s"}, delivery={"first_retry": "1s"})
    user = relay.user(sender="app.example")
    flow = Flow(relay, user, messages, connections=4)

    flow.wait_for(messages // 2)
    victim = sentinels.master()
    sentinels.servers[victim].kill()
    until(lambda: sentinels.master() not in (None, victim), "another master")
    sentinels.servers[victim].start()
    flow.wait_for(messages)

    print("a fail-over:", flow.all_arrived(relay, mx))
