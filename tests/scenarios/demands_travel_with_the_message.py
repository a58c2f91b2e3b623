"""What a client asks for with the parameters of MAIL and RCPT stands in the message's events, and UTF-8 arrives."""
# SPEC S4, P1: SMTPUTF8 (RFC 6531), DSN (RFC 3461), MT-PRIORITY (RFC 6710), FUTURERELEASE (RFC 4865), DELIVERBY
# (RFC 2852) and REQUIRETLS (RFC 8689) from the edge to the queue.
import base64
import re
import ssl
import time

from verbs import *

SENDER, RECIPIENT = "josé@app.example", "δοκιμή@receiver.example"


def story():
    relay = Relay()
    account = relay.account(channel="sandbox")
    user = relay.user(sender="app.example", account=account)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = relay.session()
    client.starttls(context=context)
    client.ehlo()
    for name in ("smtputf8", "dsn", "mt-priority", "futurerelease", "deliverby", "requiretls", "limits"):
        holds(client.has_extn(name), f"EHLO does not offer {name}")
    client.login(user.name, user.password)
    client.command_encoding = "utf-8"
    content = (f"From: José <{SENDER}>\r\nTo: {RECIPIENT}\r\nSubject: café\r\n"
               f"Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@app.example>\r\n\r\nñ\r\n").encode()
    begun = time.time()

    same(client.mail(SENDER, ["SMTPUTF8", "BODY=8BITMIME", "RET=HDRS", "ENVID=QQ+2B1", "MT-PRIORITY=3",
                              "BY=600;RT", "HOLDFOR=2", "REQUIRETLS"])[0], 250, "MAIL")
    same(client.rcpt(RECIPIENT, ["NOTIFY=SUCCESS,DELAY", f"ORCPT=utf-8;{RECIPIENT}"])[0], 250, "RCPT")
    code, said = client.data(content)
    same(code, 250, "DATA")

    message_id = re.search(r"queued as (\S+)", said.decode())[1]
    [accepted] = relay.events(message_id, "accepted")
    envelope = accepted["envelope"]
    same((envelope["sender"], envelope.get("utf8"), int(accepted["class"])), (SENDER, True, 2), "the message")
    demands = envelope["demands"]
    same((demands["ret"], demands["envelope_id"], demands["mt_priority"]), ("RET_HEADERS", "QQ+1", 3), "the demands")
    holds(demands["return_late"] and demands["trace"] and demands["require_tls"], f"the demands: {demands}")
    [notices] = demands["notices"]
    same((notices["recipient"], notices["original_recipient"], notices.get("success"), notices.get("delay"),
          notices.get("failure")), (RECIPIENT, f"utf-8;{RECIPIENT}", True, True, False), "the notices")

    until(lambda: len(relay.inbox(account)) == 2, "the message to be captured, and word of it")
    holds(time.time() >= begun + 2, "it came before its time")
    mail, report = relay.inbox(account)
    same((report.get("sender", ""), report["recipients"]), ("", [SENDER]), "who is told that it arrived")
    same((mail["sender"], mail["recipients"]), (SENDER, [RECIPIENT]), "the envelope")
    shown = relay.cli("inbox", "show", "--account", account, 1)["message"]
    arrived = base64.b64decode(shown["content"])
    holds(b" with UTF8SMTPSA id " in arrived, f"Received does not tell: {arrived[:300]}")
    same(arrived[arrived.index(b"From: "):], content, "the content")
