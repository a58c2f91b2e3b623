"""A user's own limits: where it may log in from, and how much it may submit."""
# SPEC U10
import re

from sasl import plain
from verbs import *


def story():
    relay = Relay()
    account = relay.account(channel="sandbox")
    user = relay.user(sender="app.example", account=account)

    relay.cli("users", "update", user.name, "--auth-network", "192.0.2.0/24")
    refused = relay.refusal("shop@app.example", "ann@receiver.example", user=user)
    same((refused.code, refused.text), (535, "5.7.8 wrong user name or password"), "elsewhere")
    relay.cli("users", "update", user.name, "--no-auth-networks", "--recipients-per-message", 2,
              "--message-size", 2000, "--sessions", 1, "--messages-per-day", 3)

    client = relay.session(user)
    code, text = relay.session().docmd("AUTH PLAIN", plain(user.name, user.password))
    same((code, text.split()[0]), (421, b"4.7.0"), "a second session")
    recipients = [f"{name}@receiver.example" for name in "abc"]
    refused = relay.refusal("shop@app.example", recipients, client=client)
    same((refused.code, refused.text.split()[0]), (452, "4.5.3"), "a third recipient")
    client.rset()
    refused = relay.refusal("shop@app.example", "ann@receiver.example", text="x" * 2000, client=client)
    same((refused.code, refused.text.split()[0]), (552, "5.3.4"), "a large message")

    for _ in range(3):
        relay.send("shop@app.example", recipients[:2], client=client)
    refused = relay.refusal("shop@app.example", "ann@receiver.example", client=client)
    same(refused.code, 451, "a fourth message")
    holds(re.fullmatch(rf"4\.7\.1 user {user.name} may submit 3 messages per day; try again in \d+ s",
                       refused.text), refused.text)
    client.close()
    until(lambda: len(relay.inbox(account)) == 3, "what may go to arrive")

    shown = relay.cli("users", "show", user.name)["user"]
    same(shown["caps"]["recipients_per_message"], 2, "the cap as shown")
    relay.cli("users", "update", user.name, "--messages-per-day", 0)
    relay.send("shop@app.example", "ann@receiver.example", user=user)
