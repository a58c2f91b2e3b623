"""A sender that is not the user's is refused at MAIL or, in the header, after the content."""
# SPEC V6, V7: 550 5.7.1 names the address and what to do; nothing is queued; an event tells who.
from verbs import *


def story():
    relay = Relay()
    user = relay.user(sender="app.example")

    envelope = relay.refusal("eve@other.example", "ann@receiver.example", user=user)
    header = relay.refusal("shop@app.example", "ann@receiver.example", user=user,
                           header_from="Shop <boss@third.example>")

    for reply, address in ((envelope, "eve@other.example"), (header, "boss@third.example")):
        same(reply.code, 550, "the code")
        holds(reply.text.startswith("5.7.1 "), reply.text)
        holds(address in reply.text and user.name in reply.text, reply.text)
        holds("add and verify " + address.partition("@")[2] in reply.text, reply.text)
        event = until(lambda: refusal_of(relay, address), "the event")
        same(event["envelope"]["user"], user.name, "the event's user")
        same(event["envelope"]["client_address"], "127.0.0.1", "the event's client")
    same(relay.queue_stats()["messages"], 0, "what is queued")
    same(relay.events(kind="accepted"), [], "what was accepted")


def refusal_of(relay, address):
    return next((event for event in relay.events(kind="sender-refused")
                 if event["refused_address"] == address), None)
