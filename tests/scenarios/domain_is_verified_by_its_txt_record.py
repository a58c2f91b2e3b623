"""A customer proves a domain by the record that it was told to publish; before that nothing leaves."""
# SPEC V1, V2, V4, U5: verified by DNS; a user is activated only with a verified sender.
from verbs import *


def story():
    dns = Dns("")
    relay = Relay(dns=dns, mx=Mx("127.0.0.2"))
    account = relay.account(channel="sandbox")
    user = relay.user(sender="app.example", account=account, active=False, verified=False)
    try:
        relay.cli("users", "activate", user.name)
        raise Failed("a user without a verified sender was activated")
    except CliFailed as failed:
        holds("app.example" in failed.text or "verified" in failed.text, failed.text)
    proof = relay.cli("senders", "show", "--account", account, "app.example")["sender"]
    same(proof["state"], "SENDER_STATE_PENDING", "the state before")

    dns.publish(f"{proof['record_name']}. TXT \"{proof['record_value']}\"")
    answer = relay.cli("senders", "verify", "--account", account, "app.example")

    same(answer["sender"]["state"], "SENDER_STATE_VERIFIED", "the state after")
    relay.cli("users", "activate", user.name)
    relay.send("shop@app.example", "ann@receiver.example", user=user)
