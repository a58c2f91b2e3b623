"""That a user lists a sender is not enough: nothing leaves in the name of an unproved one."""
# SPEC V1, V7: no sending from an unverified sender.
from verbs import *


def story():
    relay = Relay(dns=Dns(""))
    user = relay.user(sender="app.example")
    relay.cli("users", "update", user.name, "--sender", "app.example", "--sender", "new.example")

    reply = relay.refusal("shop@new.example", "ann@receiver.example", user=user)

    same(reply.code, 550, "the code")
    holds(reply.text.startswith("5.7.1 <shop@new.example>: "), reply.text)
    holds("not verified; verify new.example" in reply.text, reply.text)
    same(relay.queue_stats()["messages"], 0, "what is queued")
    until(lambda: [event for event in relay.events(kind="sender-refused")
                   if event["refused_address"] == "shop@new.example"], "the event")
