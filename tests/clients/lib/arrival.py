"""What arrived is what the letter says, below the fields that the relay adds."""

import base64
import email
import email.policy
import re

from letter import sha256
from stage import Failed, holds, same, until

# The fields that the relay adds on top, each with its folded lines (SPEC S8).
_ADDED = re.compile(rb"((Received|Date|Message-ID): [^\r]*\r\n([ \t][^\r]*\r\n)*)+")
_BCC = re.compile(rb"(?im)^bcc:[^\r]*\r\n([ \t][^\r]*\r\n)*")


def await_arrival(demo, letter, tag):
    """The letter's captures, one for each domain of its recipients, with content."""

    def all_there():
        captures = demo.captures(tag)
        there = sorted(to for one in captures for to in one["recipients"])
        return captures if there == sorted(letter.recipients) else None

    captures = until(all_there, lambda: f"mail for {letter.recipients} to arrive; there is "
                                        f"{[one['recipients'] for one in demo.captures(tag)]}")
    return [demo.show(one["number"]) for one in captures]


def check(captures, letter, wire, client):
    """Fails unless it is the letter. wire: the contents that went over the wire, None if unknown."""
    same(len({one["message_id"] for one in captures}), 1, "the number of messages")
    for capture in captures:
        same(capture["sender"], letter.sender, "the reverse path")
        content = base64.b64decode(capture["content"])
        if wire is not None:
            same(len(wire), 1, "the number of messages on the wire")
            _same_below(content, wire[0], "on the wire")
        if client.exact:
            _same_below(content, letter.raw_bytes, "in the client's file")
        _check_received(content, letter)
        _check_fields(email.message_from_bytes(content, policy=email.policy.default), letter,
                      client.forgives)


def _same_below(content, sent, where):
    """Content, without what the relay adds, is what was sent: octet by octet, but with CRLF for a
    bare LF, and without Bcc."""
    head, gap, body = re.sub(rb"(?<!\r)\n", b"\r\n", sent).partition(b"\r\n\r\n")
    expected = _BCC.sub(b"", head + b"\r\n") + gap[2:] + body
    added = content[:len(content) - len(expected)]
    if not content.endswith(expected) or not _ADDED.fullmatch(added):
        at = next((i for i, (a, b) in enumerate(zip(content[::-1], expected[::-1])) if a != b), 0)
        raise Failed(f"changed against the one {where}, {at} octets before the end: arrived "
                     f"{content[-at - 40:][:80]!r}, sent {expected[-at - 40:][:80]!r}; on top "
                     f"{added[:400]!r}")


def _check_received(content, letter):
    """The relay's own account of how it came (RFC 3848): the client did what the case is about."""
    with_ = re.search(rb"\bwith (\S+) id ", content)[1].decode()
    secured = "" if letter.transport == "clear" else "S"
    protocol = "UTF8SMTP" if letter.smtputf8 else "ESMTP"
    same(with_, f"{protocol}{secured}A", "the protocol in Received")


def _check_fields(message, letter, forgives):
    same(_text(message["From"].addresses[0].addr_spec), letter.sender, "From")
    for name, addresses in (("To", letter.to), ("Cc", letter.cc)):
        found = [_text(one.addr_spec) for one in message[name].addresses] if message[name] else []
        same(found, addresses, name)
    holds(message["Bcc"] is None, "there is a Bcc field")
    same(_text(str(message["Subject"])), letter.subject, "Subject")
    parts = {"text/plain": [], "text/html": []}
    attachments = []
    for part in message.walk():
        if part.get_filename():
            attachments.append((part.get_filename(), sha256(part.get_payload(decode=True))))
        elif part.get_content_type() in parts:
            parts[part.get_content_type()] = _lines(part.get_content())
    same(forgives(parts["text/plain"]), forgives(_lines(letter.text)), "the text")
    same(parts["text/html"], _lines(letter.html), "the HTML")
    expected = [(letter.attachment_name, letter.attachment_hash)] if letter.attachment else []
    same(attachments, expected, "the attachments")


def _text(value):
    """What a field says; Python's email does not read plain UTF-8 in fields (RFC 6532)."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8")


def _lines(text):
    return text.rstrip("\r\n").splitlines()
