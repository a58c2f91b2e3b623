"""The remote mail server of all domains: records each copy it takes, and fails as it is told.

Recipients say what becomes of them: "…-gone@" never exists, "…-later@" is put off once.
"""

import asyncio
import collections
import re
import time
import zlib

# "step action": what can be ordered. A stall lasts as long as the order says; "taken" is the moment
# after the end of data when the message counts as taken, and nobody has been told so yet.
ORDERS = ("banner cut", "banner stall", "banner 421", "MAIL cut", "RCPT cut", "RCPT 451",
          "RCPT stall", "DATA cut", "DATA 451", "content cut", "content stall", "dot cut",
          "dot 451", "taken cut", "taken stall", "answered cut")

# One copy for one recipient. bounce_of: the id of the message that bounced, and who it was to.
Copy = collections.namedtuple("Copy", "recipient message_id intact bounce_of failed at")

_EHLO = b"250-mx.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n" \
        b"250-ENHANCEDSTATUSCODES\r\n250 SIZE 67108864\r\n"


class _HangUp(Exception):
    """The connection is to be cut."""


class Sink:
    """copies: all that was taken, in order. log: a line for each, written at once."""

    def __init__(self, address, port, traps, log):
        self.copies = []
        self._address = address
        self._port = port
        self._traps = traps
        self._log = open(log, "ab", buffering=0)
        self._orders = {}
        self._put_off = set()
        self._writers = set()
        self._server = None

    async def up(self):
        self._server = await asyncio.start_server(self._session, self._address, self._port,
                                                  limit=64 << 20)

    async def down(self):
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    def order(self, text, seconds, times):
        """For the next `times` times: an element of ORDERS."""
        step, action = text.split()
        self._orders[step] = [action, seconds, times]

    def behave(self):
        """No order holds any more."""
        self._orders.clear()

    async def _session(self, reader, writer):
        self._writers.add(writer)
        try:
            await _Session(self, reader, writer).run()
        except (_HangUp, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.transport.abort()
        finally:
            self._writers.discard(writer)
            writer.close()

    async def step(self, step, recipients=()):
        """What is to be done here: an answer to give instead of the usual one, or None."""
        for recipient in recipients:
            if self._traps.passes("sink", step, recipient.encode()):
                raise _HangUp
        order = self._orders.get(step)
        if order is None or order[2] == 0:
            return None
        order[2] -= 1
        if order[0] == "cut":
            raise _HangUp
        if order[0] == "stall":
            await asyncio.sleep(order[1])
            return None
        return f"{order[0]} 4.3.2 ordered\r\n".encode()

    def judge(self, recipient):
        """The usual answer to RCPT."""
        if "-gone@" in recipient:
            return b"550 5.1.1 no such user\r\n"
        if "-later@" in recipient and recipient not in self._put_off:
            self._put_off.add(recipient)
            return b"451 4.2.1 come again\r\n"
        return b"250 2.1.5 fine\r\n"

    def take(self, recipients, content):
        for recipient in recipients:
            copy = _copy(recipient, content)
            self.copies.append(copy)
            self._log.write(f"{copy.at:.6f} {copy.message_id} {recipient} "
                            f"{copy.bounce_of or '-'}\n".encode())


class _Session:
    """One connection."""

    def __init__(self, sink, reader, writer):
        self._sink = sink
        self._reader = reader
        self._writer = writer
        self._recipients = []

    async def run(self):
        self._writer.write(await self._sink.step("banner") or b"220 mx.example ESMTP\r\n")
        while True:
            line = (await self._reader.readuntil(b"\r\n")).decode()
            verb = line[:4].upper()
            if verb in ("EHLO", "HELO"):
                self._writer.write(_EHLO if verb == "EHLO" else b"250 mx.example\r\n")
            elif verb == "MAIL":
                self._recipients = []
                self._writer.write(await self._sink.step("MAIL") or b"250 2.1.0 fine\r\n")
            elif verb == "RCPT":
                await self._rcpt(re.search("<(.*?)>", line)[1])
            elif verb == "DATA":
                await self._data()
            elif verb == "QUIT":
                self._writer.write(b"221 2.0.0 bye\r\n")
                await self._writer.drain()
                return
            else:
                self._recipients = []
                self._writer.write(b"250 2.0.0 fine\r\n")
            await self._writer.drain()

    async def _rcpt(self, recipient):
        answer = await self._sink.step("RCPT") or self._sink.judge(recipient)
        if answer.startswith(b"2"):
            self._recipients.append(recipient)
        self._writer.write(answer)

    async def _data(self):
        answer = await self._sink.step("DATA", self._recipients)
        if answer is None and not self._recipients:
            answer = b"554 5.5.1 no recipients\r\n"
        if answer is not None:
            self._writer.write(answer)
            return
        self._writer.write(b"354 go on\r\n")
        await self._writer.drain()
        first = await self._reader.readuntil(b"\r\n")
        await self._sink.step("content", self._recipients)
        rest = b"" if first == b".\r\n" else await self._reader.readuntil(b"\r\n.\r\n")
        content = re.sub(rb"(?m)^\.", b"", (first + rest)[:-3])
        recipients, self._recipients = self._recipients, []
        answer = await self._sink.step("dot")
        if answer is not None:
            self._writer.write(answer)
            return
        self._sink.take(recipients, content)
        await self._sink.step("taken", recipients)
        self._writer.write(b"250 2.0.0 taken\r\n")
        await self._writer.drain()
        await self._sink.step("answered", recipients)


def _copy(recipient, content):
    header, _, body = content.partition(b"\r\n\r\n")
    bounced = re.search(rb"\r\nX-Staffetta-Message-Id: (\w+)", body)
    if b"multipart/report" in header and bounced:
        failed = tuple(one.decode() for one in re.findall(rb"Final-Recipient: rfc822; (\S+)", body))
        own = re.search(rb"(?m)^Message-ID: <(\w+)@", header)[1].decode()
        return Copy(recipient, own, True, bounced[1].decode(), failed, time.time())
    message_id = re.search(rb"(?ms)^Received: .*?\sid (\w+)", header)
    checksum = re.search(rb"(?m)^X-Sum: (\d+)", header)
    intact = checksum is not None and int(checksum[1]) == zlib.crc32(body)
    return Copy(recipient, message_id[1].decode() if message_id else "?", intact, None, (),
                time.time())
