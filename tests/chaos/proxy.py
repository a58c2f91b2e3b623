"""A proxy between two parts: it can be cut, shut, and has traps (steps.py) look at what passes."""

import asyncio

from steps import DOWN, UP

_DATA_FRAME = 0


class Link:
    """From one endpoint to another ("host:port" or "unix:/path"). shut: refuses connections."""

    def __init__(self, name, listen, target, traps):
        self.name = name
        self.shut = False
        self.traps = traps
        self.target = target
        self.pairs = set()
        self._listen = listen
        self._server = None

    async def open(self):
        loop = asyncio.get_running_loop()
        accept = lambda: _Pair(self).client  # pylint: disable=unnecessary-lambda-assignment
        if self._listen.startswith("unix:"):
            self._server = await loop.create_unix_server(accept, self._listen[5:])
        else:
            host, port = self._listen.split(":")
            self._server = await loop.create_server(accept, host, int(port))

    def cut(self):
        """Breaks all connections; returns how many there were."""
        pairs = list(self.pairs)
        for pair in pairs:
            pair.break_off()
        return len(pairs)


class _Pair:
    """One connection through a link."""

    def __init__(self, link):
        self.link = link
        self.client = _Side(self, UP)
        self.server = _Side(self, DOWN)
        link.pairs.add(self)
        self._over = False
        self._early = []  # what the client said before there was a connection to the server
        self._connecting = None

    def begin(self, side):
        if side is self.server:
            return
        if self.link.shut:
            self.break_off()
            return
        self._connecting = asyncio.ensure_future(self._connect())

    async def _connect(self):
        loop = asyncio.get_running_loop()
        try:
            if self.link.target.startswith("unix:"):
                await loop.create_unix_connection(lambda: self.server, self.link.target[5:])
            else:
                host, port = self.link.target.split(":")
                await loop.create_connection(lambda: self.server, host, int(port))
        except OSError:
            self.break_off()
            return
        if self._over:
            self.server.transport.abort()
        else:
            self.server.transport.writelines(self._early)

    def other(self, side):
        return self.server if side is self.client else self.client

    def passes(self, side, data):
        for stream, part in side.parts(data):
            if self.link.traps.passes(self.link.name, side.direction, part, (self, stream)):
                self.break_off()
                return
        to = self.other(side).transport
        if to is None:
            self._early.append(data)
        elif not self._over:
            to.write(data)

    def break_off(self):
        self._over = True
        self.link.pairs.discard(self)
        for side in (self.client, self.server):
            if side.transport is not None:
                side.transport.abort()


class _Side(asyncio.Protocol):
    """One end of a pair."""

    def __init__(self, pair, direction):
        self.direction = direction
        self.transport = None
        self._pair = pair
        self._frames = Frames(direction) if pair.link.name.startswith("grpc:") else None

    def parts(self, data):
        """What passes, by stream; Redis has but one."""
        return self._frames.feed(data) if self._frames else [(0, data)]

    def connection_made(self, transport):
        self.transport = transport
        self._pair.begin(self)

    def data_received(self, data):
        self._pair.passes(self, data)

    def connection_lost(self, exc):
        self._pair.break_off()

    def pause_writing(self):
        other = self._pair.other(self).transport
        if other is not None:
            other.pause_reading()

    def resume_writing(self):
        other = self._pair.other(self).transport
        if other is not None:
            other.resume_reading()


class Frames:
    """Finds the DATA frames in one direction of an HTTP/2 connection (RFC 9113 §4.1)."""

    _HEADER = 9

    def __init__(self, direction):
        self._skip = len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") if direction == UP else 0
        self._header = b""
        self._left = 0
        self._stream = None  # of the DATA frame that is passing; None: another frame passes

    def feed(self, data):
        """[(stream, part of its data)]"""
        found = []
        data, self._skip = data[self._skip:], max(0, self._skip - len(data))
        while data:
            if self._left:
                part, data = data[:self._left], data[self._left:]
                self._left -= len(part)
                if self._stream is not None:
                    found.append((self._stream, part))
                continue
            wanted = self._HEADER - len(self._header)
            self._header, data = self._header + data[:wanted], data[wanted:]
            if len(self._header) == self._HEADER:
                self._left = int.from_bytes(self._header[:3], "big")
                stream = int.from_bytes(self._header[5:], "big") & 0x7FFFFFFF
                self._stream = stream if self._header[3] == _DATA_FRAME else None
                self._header = b""
        return found
