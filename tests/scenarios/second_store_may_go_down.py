"""The second store, which has the content, dies twice while mail flows: "try again", and nothing is lost."""
# SPEC Q8, Q1: content lies there alone; 250 only when it is there; it goes with the last delivery.
import subprocess

from verbs import *


def ask(socket, *words):
    """What redis-cli prints; nothing while the server is away."""
    return subprocess.run(["redis-cli", "-s", socket, *map(str, words)], capture_output=True,
                          text=True, timeout=10, check=False).stdout.strip()


def story(messages=600):
    directory = stage.directory / "content"
    second = start_redis(directory)
    socket = directory / "redis.sock"
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns, redis={"content": {"address": f"unix:{socket}"}},
                  queue={"lease_time": "3s"}, delivery={"first_retry": "1s"})
    main = relay.data / "redis" / "redis.sock"
    user = relay.user(sender="app.example")
    flow = Flow(relay, user, messages, connections=3)

    for part in (1, 2):
        flow.wait_for(part * messages // 3)
        second.kill()
        refused = relay.refusal("shop@app.example", "ann@receiver.example", user=user)
        same(refused.code, 451, "the answer while content can be put nowhere")
        same(ask(main, "KEYS", "content:*"), "", "content in the main Redis")
        second = start_redis(directory)
    flow.wait_for(messages)

    print(flow.all_arrived(relay, mx))
    until(lambda: ask(main, "EXISTS", "gone:{0}") == "0", "the contents to be removed")
    in_doubt = int(ask(main, "ZCARD", "announced:{0}"))
    holds(in_doubt >= 2, f"{in_doubt} announced of which no message came, not the two refused")
    holds(int(ask(socket, "DBSIZE")) <= in_doubt, "content that nobody knows of is left behind")
