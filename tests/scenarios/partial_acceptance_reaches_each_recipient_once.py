"""One recipient is taken, one refused, one put off: each gets its own end, none a second copy."""
# SPEC D5: partial acceptance is handled per recipient.
from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2\n"
              "app.example. MX 10 mx.receiver.example.")
    relay = Relay(mx=mx, dns=dns, delivery={"first_retry": "1s"})
    user = relay.user(sender="app.example")
    mx.reply("RCPT", "550 5.1.1 no such person", about="gone@receiver.example", times=100)
    mx.reply("RCPT", "451 4.2.0 later", about="slow@receiver.example")

    message_id = relay.send("shop@app.example", [
        "good@receiver.example", "gone@receiver.example", "slow@receiver.example"], user=user)

    mx.wait(3)  # two deliveries and the bounce
    until(relay.queue_empty, "the queue to be empty")
    same([len(mx.to(f"{name}@receiver.example")) for name in ("good", "gone", "slow")], [1, 0, 1],
         "the copies of good, gone, slow")
    same(len(mx.to("shop@app.example")), 1, "the bounces")
    same([mx.count("RCPT", f"{name}@receiver.example") for name in ("good", "gone", "slow")],
         [1, 1, 2], "how often good, gone, slow were asked")
    ends = {event["recipients"][0]: event["type"] for event in relay.events(message_id)
            if event["type"] in ("EVENT_TYPE_DELIVERED", "EVENT_TYPE_FAILED")}
    same(ends, {"good@receiver.example": "EVENT_TYPE_DELIVERED",
                "gone@receiver.example": "EVENT_TYPE_FAILED",
                "slow@receiver.example": "EVENT_TYPE_DELIVERED"}, "the ends")
