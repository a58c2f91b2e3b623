"""A remote server that says "later" is asked again, not before the time is there."""
# SPEC D5: deferred, and retried with growing pauses; one delivery in the end.
import time

from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns, delivery={"first_retry": "1s"})
    user = relay.user(sender="app.example")
    mx.reply("RCPT", "451 4.2.0 later", times=2)
    begun = time.monotonic()

    message_id = relay.send("shop@app.example", "ann@receiver.example", user=user)

    mx.wait()
    # 1 s and 1.5 s, each with a jitter of at most 10 %.
    holds(time.monotonic() - begun >= 2.25, "the third attempt came too early")
    until(relay.queue_empty, "the queue to be empty")
    same(relay.kinds(message_id), ["accepted", "deferred", "deferred", "delivered"], "the events")
    deferred = relay.events(message_id, kind="deferred")[0]
    same((deferred["reply"]["code"], deferred["reply"]["enhanced_code"], deferred["reply"]["text"]),
         (451, "4.2.0", "later"), "what the event says")
    same(len(mx.mails), 1, "the mails that arrived")
