"""A domain with neither MX nor address, or with a null MX, is known at once to take no mail."""
# SPEC D1, B1: no host 5.1.2, null MX (RFC 7505) 5.1.10; both are told to the sender.
import email

from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("app.example. MX 10 mx.app.example.\nmx.app.example. A 127.0.0.2\n"
              "never.example. MX 0 .\nnever.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns)
    user = relay.user(sender="app.example")

    for domain, wanted in (("nowhere.example", "5.1.2"), ("never.example", "5.1.10")):
        message_id = relay.send("shop@app.example", f"ann@{domain}", domain, user=user)

        [bounce] = until(lambda: bounces_about(mx, domain), "the bounce")
        same((bounce.sender, bounce.recipients), ("", ["shop@app.example"]), "its envelope")
        status = email.message_from_bytes(bounce.content).get_payload(1).get_payload(1)
        same(status["Status"], wanted, "the status")
        same(relay.kinds(message_id), ["accepted", "failed", "bounced"], "the events")
    until(relay.queue_empty, "the queue to be empty")
    same(len(mx.mails), 2, "the mails that arrived")


def bounces_about(mx, domain):
    return [mail for mail in mx.mails if domain.encode() in mail.content]
