"""The remote server is down, the relay is stopped and started: the mail is still there, and arrives."""
# SPEC Q1, Q7: no state that a restart loses.
from verbs import *


def story():
    mx = Mx("127.0.0.2")
    mx.stop()
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns, delivery={"first_retry": "2s"})
    user = relay.user(sender="app.example")
    sent = {relay.send("shop@app.example", f"ann{number}@receiver.example", user=user)
            for number in range(20)}
    until(lambda: relay.queue_stats()["due_later"] == 20, "all to be put off")

    relay.stop()
    mx.start()
    relay.start()

    mails = mx.wait(20)
    same(sorted(mail.recipients[0] for mail in mails),
         sorted(f"ann{number}@receiver.example" for number in range(20)), "the recipients")
    until(relay.queue_empty, "the queue to be empty")
    same({event["message_id"] for event in relay.events(kind="delivered")}, sent, "the ids")
