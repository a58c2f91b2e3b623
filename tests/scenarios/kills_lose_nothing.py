"""Each process is killed in turn while mail flows: what was answered 250 arrives all the same."""
# SPEC Q1, Q2, E1: at least once; a second copy only where it is known that one may exist: an event
# says "uncertain", or the client was told 451 or nothing at the end of data and sent it again.
import itertools

from verbs import *

SINK = "127.0.0.2"


def story(messages=5000, kills=10):
    mx = Mx(SINK)
    dns = Dns(f"receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A {SINK}")
    relay = RolesApart(mx=mx, dns=dns, queue={"lease_time": "3s"}, delivery={"first_retry": "1s"})
    user = relay.user(sender="app.example")
    flow = Flow(relay, user, messages, connections=4)

    for number, victim in zip(range(1, kills + 1), itertools.cycle((*ROLES, "redis"))):
        flow.wait_for(number * messages // (kills + 1))
        relay.kill(victim)
        relay.restart(victim)
    flow.wait_for(messages, seconds=600)

    print(f"{kills} kills:", flow.all_arrived(relay, mx))
