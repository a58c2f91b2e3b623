"""The first hour with Staffetta: an account whose mail is captured, and any client."""
# SPEC D13, S8: captured instead of sent, readable as it would have been sent.
import base64

from verbs import *


def story():
    relay = Relay()
    account = relay.account(channel="sandbox")
    user = relay.user(sender="app.example", account=account)
    for number, client in enumerate(clients.WITH_AUTH, 1):
        to = f"{client.__name__}@nowhere.example"
        sent = mail_text("shop@app.example", to, "hello")

        client(relay, user, "shop@app.example", to, sent)

        until(lambda: len(relay.inbox(account)) == number, f"the mail of {client.__name__}")
        shown = relay.cli("inbox", "show", "--account", account, number)["message"]
        same((shown["sender"], shown["recipients"]), ("shop@app.example", [to]), "the envelope")
        content = base64.b64decode(shown["content"])
        holds(content.endswith(sent), f"{client.__name__}: it changed: {content!r}")
