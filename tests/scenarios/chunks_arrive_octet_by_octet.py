"""Content that comes in chunks arrives octet by octet, also binary content, in bursts and one by one."""
# SPEC S4, S8: CHUNKING and BINARYMIME (RFC 3030), pipelined; the sandbox takes any octets.
import base64
import re

from verbs import *

OCTETS = bytes(range(256)) * 4000 + b"\r\n.\r\n\n\r" + bytes(5000)


def begin(*options):
    """MAIL and RCPT as they go over the wire."""
    words = " ".join(["MAIL FROM:<shop@app.example>", *options])
    return f"{words}\r\nRCPT TO:<ann@receiver.example>\r\n".encode()


def chunk(octets, last=False):
    return b"BDAT %d%s\r\n" % (len(octets), b" LAST" if last else b"") + octets


def story():
    relay = Relay()
    account = relay.account(channel="sandbox")
    user = relay.user(sender="app.example", account=account)
    client = relay.session(user)
    holds(client.has_extn("chunking") and client.has_extn("binarymime"), "EHLO does not offer it")
    head = mail_text("shop@app.example", "ann@receiver.example", "binary",
                     "Content-Transfer-Encoding: binary\r\nContent-Type: application/octet-stream\r\n")
    binary = head + OCTETS
    text = mail_text("shop@app.example", "ann@receiver.example", "text") + b".\r\n..\r\n"

    def replies(count):
        return [client.getreply() for _ in range(count)]

    def captured(number):
        """What the last of so many messages was."""
        until(lambda: len(relay.inbox(account)) == number, f"{number} messages")
        shown = relay.cli("inbox", "show", "--account", account, number)["message"]
        return base64.b64decode(shown["content"])

    # One by one: each chunk is answered before the next is sent.
    client.send(begin("BODY=BINARYMIME"))
    same([code for code, _ in replies(2)], [250, 250], "the envelope")
    pieces = [binary[at:at + 100_001] for at in range(0, len(binary), 100_001)]
    for piece in pieces[:-1]:
        client.send(chunk(piece))
        same(client.getreply()[0], 250, "a chunk")
    client.send(chunk(pieces[-1], last=True))
    code, said = client.getreply()
    same(code, 250, "the last chunk")
    holds(captured(1).endswith(binary), "the binary content changed")
    message_id = re.search(r"queued as (\S+)", said.decode())[1]
    [accepted] = relay.events(message_id, "accepted")
    holds(accepted["envelope"].get("binary"), "nobody is told that it is binary")

    # Two messages in one burst, the second declared binary although it is text.
    burst = begin() + b"".join(chunk(bytes([octet])) for octet in text[:-1]) + chunk(text[-1:], True)
    client.send(burst + begin("BODY=BINARYMIME") + chunk(text, True))
    answers = replies(2 + len(text) + 3)
    same({code for code, _ in answers}, {250}, "the replies")
    holds(captured(3).endswith(text), "the text changed")
    message_id = re.search(r"queued as (\S+)", answers[-1][1].decode())[1]
    [accepted] = relay.events(message_id, "accepted")
    holds(not accepted["envelope"].get("binary"), "text is taken for binary")

    # A chunk that is too large is read, and the session goes on.
    client.send(begin() + chunk(head) + chunk(b"x\r\n" * (9 << 20)) + chunk(b"RSET\r\n", True) + b"NOOP\r\n")
    same([code for code, _ in replies(6)], [250, 250, 250, 552, 503, 250], "the replies")
    client.quit()
    same(len(relay.inbox(account)), 3, "the messages in all")
