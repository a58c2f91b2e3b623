"""A worker stands still for longer than its leases; when it wakes, others have done its work."""
# SPEC Q2, DESIGN I3: leases are fenced; nothing is lost, nothing is reported twice, and what may have
# been sent twice is announced.
from verbs import *


def story(messages=1500):
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = RolesApart(mx=mx, dns=dns, queue={"lease_time": "2s"}, delivery={"first_retry": "1s"})
    relay.replica("delivery")
    user = relay.user(sender="app.example")
    flow = Flow(relay, user, messages, connections=4)

    flow.wait_for(messages // 3)
    relay.pause("delivery")
    flow.wait_for(messages)
    until(relay.queue_empty, "the other worker to take over all", seconds=60)
    relay.resume("delivery")
    relay.stop("delivery")  # what it had in hand, it ends

    print(flow.all_arrived(relay, mx))
