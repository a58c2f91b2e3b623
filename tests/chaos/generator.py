"""Clients that send messages with known ids, and keep what each was answered.

A message is tried once and never again, so whatever arrives can be held against one answer.
"""

import asyncio
import base64
import dataclasses
import enum
import random
import re
import time
import zlib

_TIMEOUT = 8  # seconds for a reply
_DOMAINS = ("a.example", "b.example", "c.example", "d.example")


class Answer(enum.Enum):
    ACCEPTED = "accepted"  # 250: it must arrive or bounce
    REFUSED = "refused"    # before the end of data was sent, or 5xx: it must not arrive
    DOUBTFUL = "doubtful"  # cut or 4xx after the end of data: it may arrive, once


@dataclasses.dataclass
class Mail:
    """What was submitted, and what came of it. reply: the last words."""
    key: str
    recipients: list
    content: bytes
    answer: Answer = Answer.REFUSED
    message_id: str = None
    reply: str = ""
    at: float = 0.0

    @property
    def sender(self):
        return f"{self.key}@app.example"


def key_of(address):
    """The key of the mail that this address, of its sender or of a recipient, belongs to."""
    return re.match(r"k\d+", address)[0]


class Generator:
    """mails: by key. log: a line for each answer, written at once."""

    def __init__(self, port, user, seed, log):
        self.port = port
        self.mails = {}
        self.traps = None
        self._login = base64.b64encode(f"\0{user.name}\0{user.password}".encode()).decode()
        self._rng = random.Random(seed)
        self._log = open(log, "ab", buffering=0)
        self._pause = 0.0
        self._tasks = []

    def start(self, connections, rate):
        """About `rate` messages a second over so many connections."""
        self._pause = connections / rate
        self._tasks = [asyncio.create_task(self._keep_sending()) for _ in range(connections)]

    async def stop(self):
        """Each connection ends what it has begun."""
        self._pause = None
        await asyncio.gather(*self._tasks)

    def compose(self, names=None):
        """A mail that is not sent yet; names: what the recipients' addresses end in."""
        rng = self._rng
        key = f"k{len(self.mails):07d}"
        if names is None:
            count = rng.choice((1, 1, 1, 1, 1, 2, 3, 5))
            names = [rng.choice(("",) * 18 + ("-gone", "-later")) for _ in range(count)]
        recipients = [f"{key}.{number}{name}@{rng.choice(_DOMAINS)}"
                      for number, name in enumerate(names)]
        lines = rng.choice((1, 10, 20, 40)) if rng.random() < 0.97 else 4000
        body = b"".join(b".%s\r\n" % base64.b64encode(rng.randbytes(45)) for _ in range(lines))
        head = (f"From: {key}@app.example\r\nTo: {recipients[0]}\r\nSubject: {key}\r\n"
                f"Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <{key}@app.example>\r\n"
                f"X-Sum: {zlib.crc32(body)}\r\n\r\n")
        mail = Mail(key, recipients, head.encode() + body)
        self.mails[key] = mail
        return mail

    def note(self, mail, answer, reply="", message_id=None):
        mail.answer, mail.reply, mail.message_id, mail.at = answer, reply, message_id, time.time()
        self._log.write(f"{mail.at:.6f} {mail.key} {answer.value} {message_id or '-'} "
                        f"{reply}\n".encode())

    async def send(self, mail, client=None):
        """Submits it; the connection to go on with, None: a new one."""
        try:
            client = client or await self._connect()
            return await self._transact(client, mail)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
            in_doubt = client is not None and client.ended_data
            self.note(mail, Answer.DOUBTFUL if in_doubt else Answer.REFUSED, repr(error))
        if client is not None:
            client.close()
        return None

    async def _keep_sending(self):
        client = None
        while self._pause is not None:
            began = time.monotonic()
            client = await self.send(self.compose(), client)
            left = (self._pause or 0.0) - (time.monotonic() - began)
            await asyncio.sleep(max(left, 0.0 if client else 0.1))
        if client is not None:
            client.close()

    async def _connect(self):
        client = await _Client.open(self.port)
        greeting = await client.reply()
        if greeting[0] == 220 and (await client.say("EHLO client.example"))[0] == 250 \
                and (await client.say("AUTH PLAIN " + self._login))[0] == 235:
            return client
        client.close()
        raise ConnectionError("not let in")

    async def _transact(self, client, mail):
        client.ended_data = False
        commands = [f"MAIL FROM:<{mail.sender}>", *(f"RCPT TO:<{one}>" for one in mail.recipients)]
        for command, wanted in (*((command, 250) for command in commands), ("DATA", 354)):
            code, text = await client.say(command)
            if code != wanted:
                self.note(mail, Answer.REFUSED, f"{code} {text}")
                client.close()
                return None
        code, text = await client.content(mail.content)
        if code == 250:
            self.note(mail, Answer.ACCEPTED, text, re.search(r"queued as (\w+)", text)[1])
            if self.traps.passes("client", "accepted", mail.recipients[0].encode()):
                client.close()
                return None
            return client
        self.note(mail, Answer.REFUSED if code >= 500 else Answer.DOUBTFUL, f"{code} {text}")
        client.close()
        return None


class _Client:
    """An SMTP client's connection. ended_data: the final dot may be on its way."""

    def __init__(self, reader, writer):
        self.ended_data = False
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port):
        return cls(*await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), _TIMEOUT))

    async def say(self, line):
        self._writer.write(line.encode() + b"\r\n")
        return await self.reply()

    async def content(self, content):
        self._writer.write(content.replace(b"\r\n.", b"\r\n.."))
        await asyncio.wait_for(self._writer.drain(), _TIMEOUT)
        self.ended_data = True
        return await self.say(".")

    async def reply(self):
        """(code, text); all but the last line of the text is dropped."""
        while True:
            line = await asyncio.wait_for(self._reader.readuntil(b"\r\n"), _TIMEOUT)
            if line[3:4] != b"-":
                return int(line[:3]), line[4:].decode(errors="replace").strip()

    def close(self):
        self._writer.transport.abort()
