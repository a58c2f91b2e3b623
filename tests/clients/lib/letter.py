"""What the clients send: the cases, and a message for each in both forms that clients want: as fields
that they compose by themselves, and composed already."""

import dataclasses
import email.message
import email.policy
import hashlib
import json
import pathlib

from stage import stage

# The cases that are about content, with the heads of their columns.
CONTENT = {
    "plain": "plain",
    "html": "HTML + attachment",
    "utf8-subject": "UTF-8 subject",
    "utf8-address": "UTF-8 address",
    "10-mib": "10 MiB",
    "several": "several recipients",
    "refused": "refused sender",
}
TRANSPORTS = ("clear", "starttls", "tls")

# Lines that begin with dots are the end of data for a client or a server that cannot stuff them.
_TEXT = "Hello,\n\n.\n..\n.dot in front\n\n" + "long " * 90 + "line\nand the end\n"
_BINARY = bytes(range(256)) * 160
_LARGE = (b"Staffetta" + bytes(range(256))) * (7_700_000 // 265)  # 10 MiB in base64


@dataclasses.dataclass
class Letter:
    """One message and how it is to be submitted. Adapters in other languages read it as JSON."""

    case: str
    host: str
    port: int
    transport: str  # "clear", "starttls", "tls"
    auth: str       # the mechanism
    user: str
    password: str   # for OAUTHBEARER and XOAUTH2: the token
    ca: str         # file; the relay's certificate is to be verified by it
    sender: str     # in envelope and header
    to: list
    cc: list
    bcc: list
    subject: str
    text: str
    html: str
    attachment: str       # a file, or ""
    attachment_name: str
    smtputf8: bool
    directory: str        # of this letter alone
    raw: str = ""         # file: the message composed, lines end with CRLF, no Bcc
    json: str = ""        # file: all of this

    @property
    def recipients(self):
        return self.to + self.cc + self.bcc

    @property
    def raw_bytes(self):
        return pathlib.Path(self.raw).read_bytes()

    @property
    def attachment_hash(self):
        return sha256(pathlib.Path(self.attachment).read_bytes()) if self.attachment else None


def write_letter(case, tag, way, sender):
    """The letter of a case, with its files. `tag` makes its recipients unlike all others; `way` holds
    host, port, transport, auth, user, password, ca. `sender` is an address that the user may use."""
    directory = stage.directory / tag
    directory.mkdir()
    domain = sender.partition("@")[2]
    to, cc, bcc = [f"ann+{tag}@receiver.example"], [], []
    subject, text, html, attachment = f"Case {case} {tag}", _TEXT, "", b""
    if case in ("html", "10-mib"):
        attachment = _BINARY if case == "html" else _LARGE
        html = "<html><body><p>Hello, <b>you</b></p></body></html>\n" if case == "html" else ""
    elif case == "utf8-subject":
        subject, text = f"Größe, тема, 件名 ✉ {tag}", "Grüße, привет, こんにちは\n" + _TEXT
    elif case == "utf8-address":
        sender, to = f"grüße@{domain}", [f"почта+{tag}@receiver.example"]
    elif case == "several":
        to.append(f"bob+{tag}@receiver.example")
        cc, bcc = [f"cat+{tag}@receiver.example"], [f"dan+{tag}@elsewhere.example"]
    elif case == "refused":
        sender = "mallory@not-ours.example"
    file = directory / "octets.bin"
    if attachment:
        file.write_bytes(attachment)
    letter = Letter(case=case, sender=sender, to=to, cc=cc, bcc=bcc, subject=subject, text=text,
                    html=html, attachment=str(file) if attachment else "",
                    attachment_name=file.name, smtputf8=case == "utf8-address",
                    directory=str(directory), **way)
    letter.raw, letter.json = str(directory / "message.eml"), str(directory / "letter.json")
    pathlib.Path(letter.raw).write_bytes(_compose(letter))
    fields = {**dataclasses.asdict(letter), "recipients": letter.recipients}
    pathlib.Path(letter.json).write_text(json.dumps(fields), encoding="utf-8")
    return letter


def _compose(letter):
    message = email.message.EmailMessage()
    message["From"] = letter.sender
    message["To"] = ", ".join(letter.to)
    if letter.cc:
        message["Cc"] = ", ".join(letter.cc)
    message["Subject"] = letter.subject
    message["Date"] = "Thu, 01 Jan 2026 00:00:00 +0000"
    message["Message-ID"] = f"<{pathlib.Path(letter.directory).name}@client.example>"
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    if letter.attachment:
        message.add_attachment(pathlib.Path(letter.attachment).read_bytes(), maintype="application",
                               subtype="octet-stream", filename=letter.attachment_name)
    policy = email.policy.SMTPUTF8 if letter.smtputf8 else email.policy.SMTP
    return message.as_bytes(policy=policy)


def sha256(octets):
    return hashlib.sha256(octets).hexdigest()
