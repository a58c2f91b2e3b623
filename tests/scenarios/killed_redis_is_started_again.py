"""The relay's own Redis dies: it is started again, clients are told to try again, nothing is lost."""
# SPEC Q1, O1: never 250 without Redis; the embedded Redis is supervised.
import os
import signal

from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns, queue={"lease_time": "3s"}, delivery={"first_retry": "1s"})
    user = relay.user(sender="app.example")
    flow = Flow(relay, user, messages=1000, connections=3)

    for number in (1, 2, 3):
        flow.wait_for(number * 250)
        os.kill(redis_of(relay).pid, signal.SIGKILL)

    flow.wait_for(1000)
    print(flow.all_arrived(relay, mx))
