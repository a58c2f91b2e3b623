"""Each process stands still for a while in turn, Redis longest: clients wait or are told to try again."""
# SPEC Q1: a time-out is 451, never 250, and never a loss.
import itertools
import threading

from verbs import *

PAUSE = 1.5  # seconds; with redis.command_timeout at 1 s, so that commands do time out


def story(messages=3000, pauses=8):
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = RolesApart(mx=mx, dns=dns, queue={"lease_time": "3s"}, delivery={"first_retry": "1s"},
                       redis={"command_timeout": "1s"})
    user = relay.user(sender="app.example")
    flow = Flow(relay, user, messages, connections=4)

    for number, part in zip(range(1, pauses + 1), itertools.cycle(("redis", *ROLES))):
        flow.wait_for(number * messages // (pauses + 1))
        relay.pause(part)
        pause = threading.Timer(PAUSE, relay.resume, [part])
        pause.start()
        pause.join()

    flow.wait_for(messages)
    print(flow.all_arrived(relay, mx))
