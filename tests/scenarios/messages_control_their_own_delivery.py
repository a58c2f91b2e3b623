"""What a message asks for itself in X-SMTPAPI happens, and nobody who receives it sees that it was asked."""
# SPEC X1, P1, P2, S8: dynamic fields in subject, text and HTML, the class and what clients show of it, the
# campaign in every event, the hold until the scheduled time, and the reply to a bad value.
import datetime
import email
import email.policy
import json
import time
from email.message import EmailMessage

from verbs import *


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns)
    user = relay.user(sender="app.example")
    due = time.time() + 4
    asked = {"Priority": 1, "CampaignName": "Spring", "CampaignCode": "1001", "ClickTracking": False,
             "Schedule": datetime.datetime.fromtimestamp(int(due), datetime.timezone.utc).isoformat(),
             "DynamicFields": [{"N": "name", "V": "José & Ann"}]}
    message = EmailMessage()
    message["From"] = "shop@app.example"
    message["To"] = "ann@receiver.example"
    message["Subject"] = "Hola [name]: [other]"
    message["X-SMTPAPI"] = json.dumps(asked)
    message.set_content("Dear [name], this text is longer than a line of quoted-printable may be: ñ\n")
    message.add_alternative("<p>Dear [name]</p>\n", subtype="html")
    message.add_attachment("[name]", filename="fields.txt")

    message_id = relay.send("shop@app.example", "ann@receiver.example", user=user,
                            content=message.as_bytes(policy=email.policy.SMTP))

    [mail] = mx.wait()
    holds(time.time() >= int(due), "it came before its time")
    arrived = email.message_from_bytes(mail.content, policy=email.policy.default)
    same(arrived["X-SMTPAPI"], None, "the control field at the receiver")
    same(arrived["Subject"], "Hola José & Ann: [other]", "the subject")
    same((arrived["X-Priority"], arrived["Importance"]), ("1 (Highest)", "high"), "what clients show")
    body, html, attachment = (part.get_content().replace("\r\n", "\n") for part in arrived.walk()
                              if part.get_content_maintype() == "text")
    same(body, "Dear José & Ann, this text is longer than a line of quoted-printable may be: ñ\n", "text")
    same(html, "<p>Dear José &amp; Ann</p>\n", "HTML")
    same(attachment.rstrip("\n"), "[name]", "the attachment")
    events = until(lambda: relay.events(message_id, "delivered"), "the event delivered")
    same((int(events[0]["class"]), events[0]["envelope"]["campaign_name"],
          events[0]["envelope"]["campaign_code"]), (1, "Spring", "1001"), "the event's class and campaign")

    reply = relay.refusal("shop@app.example", "ann@receiver.example", user=user,
                          headers='X-SMTPAPI: {"Priority":9}\r\n')
    same((reply.code, reply.text), (554, "5.6.0 X-SMTPAPI: Priority: not a number from 1 to 5"), "the reply")
