"""Each process is killed in turn while mail flows: what was answered 250 arrives all the same."""
# SPEC Q1, Q2, E1: at least once; a second copy only where it is known that one may exist: an event
# says "uncertain", or the client was told 451 or nothing at the end of data and sent it again.
import collections
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

    until(lambda: not lost(flow, mx), lambda: f"lost: {lost(flow, mx)}", seconds=120)
    until(relay.queue_empty, "the queue to be empty", seconds=60)
    arrived = [Flow.identity(mail) for mail in mx.mails]
    uncertain = {event["message_id"] for event in relay.events(kind="uncertain")}
    copies = collections.Counter(message_id for _, message_id in arrived)
    repeated = {message_id for message_id, count in copies.items() if count > 1}
    resent = {key for key, count in collections.Counter(
        key for key, _ in set(arrived)).items() if count > 1}
    print(f"{len(flow.accepted)} answered 250, {len(flow.in_doubt)} sent again by the client, "
          f"{len(uncertain)} uncertain; lost 0; sent twice by the relay {len(repeated)}, "
          f"by the client {len(resent)}")
    same(repeated - uncertain, set(), "second copies that no event announced")
    same(resent - flow.in_doubt, set(), "messages queued twice although the client was answered")
    for kind in ("accepted", "delivered"):
        told = collections.Counter(event["message_id"] for event in relay.events(kind=kind))
        wrong = {key: told[key] for key in flow.accepted.values() if told[key] != 1}
        same(wrong, {}, f"messages answered 250 without exactly one event \"{kind}\"")


def lost(flow, mx):
    """Keys that were answered 250 and have not arrived."""
    return sorted(flow.accepted.keys() - {Flow.identity(mail)[0] for mail in list(mx.mails)})
