"""A bounce from a server that we delivered to comes back to the return path."""
# SPEC S12: accepted on the same edge without AUTH, kept for bounce processing, and relayed nowhere.
import base64

from verbs import *

BOUNCE = (b"From: MAILER-DAEMON@remote.example\r\nX-SMTPAPI: {\"Priority\":1}\r\nSubject: Undelivered\r\n"
          b"\r\nno such user\r\n")


def story():
    relay = Relay(gateway={"return_path_domain": "bounces.example"})
    relay.user(sender="app.example")

    relay.send("", "b-17@bounces.example", content=BOUNCE)
    refused = relay.refusal("", "ann@receiver.example", content=BOUNCE)

    same(refused.code, 530, "the code of mail to others")
    returned = until(lambda: relay.inbox(0), "what came back")
    same([message["recipients"] for message in returned], [["b-17@bounces.example"]], "whose it is")
    shown = relay.cli("inbox", "show", "--account", 0, returned[0]["number"])["message"]
    content = base64.b64decode(shown["content"])
    holds(content.startswith(b"Received: from client.example"), f"no trace: {content!r}")
    holds(content.endswith(BOUNCE), f"it changed: {content!r}")
    same(relay.queue_stats()["messages"], 0, "what is queued")
