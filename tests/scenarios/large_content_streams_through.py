"""Large content goes through in pieces, octet by octet; what is cut off or not put is never delivered."""
# SPEC Q8, S5, S8, Q1: by DATA and by BDAT, plain and compressed well, with a kill of the gateway or the queue in
# the middle.
import itertools
import random
import re

from verbs import *

SIZE = 3 << 20  # a dozen pieces
OCTETS = bytes(set(range(1, 256)) - set(b"\r\n"))
# Wherever a piece ends, it ends in something awkward.
AWKWARD = b".\r\n..\r\n\r\n.x\r\n\xe9.\r\n"


def text(name, size, noise):
    """Content of so many octets, 8-bit, full of dots and line ends; with noise zstd finds nothing."""
    head = mail_text("shop@app.example", "ann@receiver.example", name)
    octets = random.Random(name)
    body = bytearray()
    while len(body) < size - len(head):
        body += AWKWARD
        if noise:
            body += bytes(octets.choices(OCTETS, k=500)) + b"\r\n"
    return head + bytes(body)


def slices(octets):
    """Cuts as TCP may make them."""
    sizes = itertools.cycle((65_537, 1, 262_143, 2, 16_384, 99_991))
    at = 0
    while at < len(octets):
        size = next(sizes)
        yield octets[at:at + size]
        at += size


def stuffed(content):
    return re.sub(rb"(?m)^\.", b"..", content) + b".\r\n"


def begin(client):
    client.mail("shop@app.example", ["BODY=8BITMIME"])
    client.rcpt("ann@receiver.example")


def by_data(client, content):
    begin(client)
    same(client.docmd("DATA")[0], 354, "the reply to DATA")
    for part in slices(stuffed(content)):
        client.sock.sendall(part)
    return client.getreply()[0]


def by_bdat(client, content):
    begin(client)
    parts = list(slices(content))
    for number, part in enumerate(parts, 1):
        client.send(b"BDAT %d%s\r\n" % (len(part), b" LAST" if number == len(parts) else b"") + part)
        code = client.getreply()[0]
        if code != 250:
            return code
    return code


def in_two_halves(client, content, between):
    """DATA, and something happens in the middle of it. The reply's code, -1 when the connection is lost."""
    begin(client)
    client.docmd("DATA")
    octets = stuffed(content)
    try:
        client.sock.sendall(octets[:len(octets) // 2])
        between()
        client.sock.sendall(octets[len(octets) // 2:])
        return client.getreply()[0]
    except OSError:  # smtplib's SMTPServerDisconnected is one
        return -1


def story():
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = RolesApart(mx=mx, dns=dns, delivery={"first_retry": "1s"}, queue={"lease_time": "3s"})
    user = relay.user(sender="app.example")
    client = relay.session(user)
    accepted = []

    for number, (way, noise) in enumerate(itertools.product((by_data, by_bdat), (False, True))):
        content = text(f"good-{number}", SIZE + number, noise)
        same(way(client, content), 250, f"message {number}")
        accepted.append(content)

    # Of what the queue did not get whole it has nothing.
    refused = text("bad-queue", SIZE, True)
    same(in_two_halves(client, refused, lambda: relay.kill("queue")), 451, "the reply without the queue")
    relay.restart("queue")
    refused = text("bad-gateway", SIZE, True)
    same(in_two_halves(client, refused, lambda: relay.kill("gateway")), -1, "a reply of the dead")
    relay.restart("gateway")
    accepted.append(text("good-after", SIZE, True))
    same(by_data(relay.session(user), accepted[-1]), 250, "the reply after the kills")

    mails = mx.wait(len(accepted), seconds=60)
    until(relay.queue_empty, "the queue to be empty")
    same(len(mails), len(accepted), "the mails in all")
    for content in accepted:
        arrived = [mail for mail in mails if mail.content.endswith(content)]
        same(len(arrived), 1, f"how often {content[:150]} arrived as it was sent")
        added = arrived[0].content[:-len(content)]
        holds(re.fullmatch(rb"Received: (.*\r\n[ \t])*.*\r\n", added), f"added: {added}")
