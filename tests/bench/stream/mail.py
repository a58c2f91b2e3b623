"""Large messages in, and a server that takes them; neither holds one whole."""

import asyncio
import collections
import hashlib
import random
import re

BLOCK = 256 << 10
END = b"\r\n.\r\n"
DEADLINE = 1800  # seconds for all


class Sink:
    """Digests of the bodies, as they are on the wire, by the number in X-Number."""

    def __init__(self):
        self.sent = {}
        self.arrived = collections.defaultdict(lambda: None)
        self.again = 0
        self.changed = asyncio.Condition()

    async def serve(self, reader, writer):
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            verb = line[:4].upper().strip()
            if verb == b"EHLO":
                writer.write(b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")
                await self._take(reader)
                writer.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                break
            else:
                writer.write(b"250 2.0.0 ok\r\n")
            await writer.drain()
        writer.close()

    async def _take(self, reader):
        header = await reader.readuntil(b"\r\n\r\n")
        number = int(re.search(rb"(?m)^X-Number: (\d+)", header)[1])
        digest, tail = hashlib.sha256(), b""
        while not tail.endswith(END):
            tail += await reader.read(BLOCK)
            digest.update(tail[:-len(END)])
            tail = tail[-len(END):]
        self.again += self.arrived[number] is not None
        self.arrived[number] = digest.hexdigest()
        async with self.changed:
            self.changed.notify_all()


def block(noise):
    """About BLOCK octets of lines, 8-bit, many of which begin with stuffed dots."""
    octets = random.Random(1)
    lines, size = [], 0
    while size < BLOCK:
        text = octets.randbytes(380).translate(None, b"\r\n\0") if noise else b"\xe9 line of text" * 4
        lines.append(b"..%s\r\n..\r\n" % text)
        size += len(lines[-1])
    return b"".join(lines)


async def send(port, number, size, octets, sink):
    """One message. Other replies than 2xx and 354 are failures."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=BLOCK)

    async def say(text, *codes):
        writer.write(text)
        await writer.drain()
        for code in codes:
            line = await reader.readline()
            while line[3:4] == b"-":
                line = await reader.readline()
            if not line.startswith(code):
                raise RuntimeError(f"message {number}: {line}")

    await say(b"", b"220")
    await say(b"EHLO client\r\n", b"250")
    await say(b"MAIL FROM:<shop@bench.example> BODY=8BITMIME\r\nRCPT TO:<ann@sink.example>\r\nDATA\r\n",
              b"250", b"250", b"354")
    await say(b"From: shop@bench.example\r\nX-Number: %d\r\n\r\n" % number)
    body = b"message %d\r\n" % number
    digest = hashlib.sha256()
    while size > 0:
        digest.update(body)
        await say(body)
        size -= len(body)
        body = octets
    await say(b"last line" + END, b"250")
    digest.update(b"last line")
    sink.sent[number] = digest.hexdigest()
    await say(b"QUIT\r\n", b"221")
    writer.close()


async def through(relay_port, sink_port, options):
    """Sends all; returns when all have arrived."""
    sink = Sink()
    server = await asyncio.start_server(sink.serve, "127.0.0.1", sink_port, limit=4 * BLOCK)
    places = asyncio.Semaphore(options.concurrent)
    octets = block(options.noise)

    async def one(number):
        async with places:
            await send(relay_port, number, options.size, octets, sink)

    async def arrive():
        async with sink.changed:
            await sink.changed.wait_for(lambda: len(sink.arrived) >= options.messages)

    await asyncio.wait_for(asyncio.gather(arrive(), *map(one, range(options.messages))), DEADLINE)
    server.close()
    return sink
