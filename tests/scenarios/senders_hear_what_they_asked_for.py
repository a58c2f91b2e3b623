"""NOTIFY, RET, ENVID and ORCPT decide who is told what."""
# SPEC B1: RFC 3461, towards servers that know no DSN.
import email

from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2\n"
              "app.example. MX 10 mx.receiver.example.")
    relay = Relay(mx=mx, dns=dns, delivery={"delay_warning": "1s", "first_retry": "2s"})
    user = relay.user(sender="app.example")

    relay.send("shop@app.example", "ann@receiver.example", "told", user=user,
               mail_options=["ENVID=order+2B7", "RET=HDRS"],
               rcpt_options=["NOTIFY=SUCCESS", "ORCPT=rfc822;Ann@old.example"])
    mx.wait(2)
    [report] = mx.to("shop@app.example")
    same(report.sender, "", "the report's reverse path")
    words, status, original = email.message_from_bytes(report.content).get_payload()
    message_fields, recipient_fields = status.get_payload()
    same(message_fields["Original-Envelope-Id"], "order+7", "ENVID")
    same(recipient_fields["Original-Recipient"], "rfc822; Ann@old.example", "ORCPT")
    same((recipient_fields["Action"], recipient_fields["Status"][0]), ("relayed", "2"), "the status")
    holds("passed on" in words.get_payload(), words.get_payload())
    same(original.get_content_type(), "text/rfc822-headers", "what comes back of it")

    mx.reply("RCPT", "550 5.1.1 no such person", times=3, about="gone@receiver.example")
    never = relay.send("shop@app.example", "gone@receiver.example", "never", user=user,
                       rcpt_options=["NOTIFY=NEVER"])
    success = relay.send("shop@app.example", "gone@receiver.example", "success", user=user,
                         rcpt_options=["NOTIFY=SUCCESS,DELAY"])
    until(relay.queue_empty, "the queue to be empty")
    for message_id in (never, success):
        same(relay.kinds(message_id), ["accepted", "failed"], "failed without a word")
    same(len(mx.to("shop@app.example")), 1, "reports so far")

    relay.send("shop@app.example", "gone@receiver.example", "whole", user=user,
               mail_options=["RET=FULL"], rcpt_options=["NOTIFY=FAILURE"])
    mx.wait(3)
    whole = email.message_from_bytes(mx.to("shop@app.example")[1].content).get_payload()[2]
    same(whole.get_payload()[0].get_payload().strip(), "whole", "RET=FULL")

    mx.reply("RCPT", "450 4.2.0 later", times=3, about="slow@receiver.example")
    slow = relay.send("shop@app.example", "slow@receiver.example", "slow", user=user,
                      rcpt_options=["NOTIFY=DELAY,FAILURE"])
    until(relay.queue_empty, "the queue to be empty", seconds=60)
    same(relay.kinds(slow), ["accepted", "deferred", "deferred", "deferred", "delivered"], "its events")
    warnings = [mail for mail in mx.to("shop@app.example") if b"Action: delayed" in mail.content]
    same(len(warnings), 1, "warnings of the delay")
