"""Each process is killed in turn while mail flows: what was answered 250 arrives all the same."""
# SPEC Q1, Q2, E1: at least once; a second copy only where it is known that one may exist: an event
# says "uncertain", or the client was left without an answer and sent again.
import collections
import itertools

from verbs import *

SINK = "127.0.0.2"


def story(messages=1500, kills=7):
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

    until(lambda: not flow.accepted - arrivals(mx).keys(), seconds=120,
          what=lambda: f"lost: {sorted(flow.accepted - arrivals(mx).keys())[:20]}")
    until(relay.queue_empty, "the queue to be empty", seconds=60)
    copies = arrivals(mx)
    twice = {key for key, count in copies.items() if count > 1}
    uncertain = {event["message_id"] for event in relay.events(kind="uncertain")}
    explained = {key for key in twice
                 if key in flow.unanswered or flow.message_ids.get(key) in uncertain}
    print(f"{len(flow.accepted)} answered 250, {len(flow.unanswered)} tries unanswered, {kills} kills; "
          f"lost 0; twice {len(twice)}, of these {len(explained)} announced")
    same(twice - explained, set(), "second copies that nothing announced")
    for kind in ("accepted", "delivered"):
        told = collections.Counter(event["message_id"] for event in relay.events(kind=kind))
        wrong = {key: told[key] for key in flow.message_ids.values() if told[key] != 1}
        same(wrong, {}, f"messages answered 250 without exactly one event \"{kind}\"")


def arrivals(mx):
    """How often each key arrived."""
    return Flow.count_keys(mail.content for mail in list(mx.mails))
