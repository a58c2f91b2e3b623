"""Who sent a message that was refused for good gets the remote server's words back."""
# SPEC B1: RFC 3464 report to the envelope sender, with a null reverse path.
import email

from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2\n"
              "app.example. MX 10 mx.receiver.example.")
    relay = Relay(mx=mx, dns=dns)
    user = relay.user(sender="app.example")
    mx.reply("RCPT", "550 5.1.1 no such person here", about="ann@receiver.example")

    message_id = relay.send("shop@app.example", "ann@receiver.example", "hello", user=user)

    [bounce] = mx.wait()
    same((bounce.sender, bounce.recipients), ("", ["shop@app.example"]), "the bounce's envelope")
    report = email.message_from_bytes(bounce.content)
    same(report.get_content_type(), "multipart/report", "its type")
    same(report.get_param("report-type"), "delivery-status", "its report type")
    words, status, original = report.get_payload()
    holds("no such person here" in words.get_payload(decode=True).decode(), words.as_string())
    same(status.get_content_type(), "message/delivery-status", "the second part")
    message_fields, recipient_fields = status.get_payload()
    holds(message_fields["Reporting-MTA"] == "dns; relay.example", message_fields.as_string())
    same(recipient_fields["Final-Recipient"], "rfc822; ann@receiver.example", "the recipient")
    same((recipient_fields["Action"], recipient_fields["Status"]), ("failed", "5.1.1"), "the status")
    holds("550 5.1.1 no such person here" in recipient_fields["Diagnostic-Code"], "the diagnosis")
    holds("Subject: hello" in original.as_string(), "the original's header comes along")
    until(relay.queue_empty, "the queue to be empty")
    same(relay.kinds(message_id), ["accepted", "failed", "bounced"], "the events")
    [bounced] = relay.events(message_id, kind="bounced")
    same(bounced["recipients"], ["shop@app.example"], "whom the event names")
    same(relay.kinds(bounced["detail"].split()[-1]), ["accepted", "delivered"], "the bounce's own events")
