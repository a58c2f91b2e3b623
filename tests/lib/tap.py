"""Stands between a client and a server and keeps what goes over the wire."""

import contextlib
import re
import socket
import threading

from stage import stage


class Tap:
    """Forwards connections to a port of loopback until the story ends. `sent` is what came from those
    who connected, `received` what went back to them; in order, of one connection after the other."""

    def __init__(self, port):
        self.sent = bytearray()
        self.received = bytearray()
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        stage.at_the_end(self.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        # Without the shutdown, accept() keeps the port open until somebody connects.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def contents(self):
        """What was sent by DATA or BDAT, dots unstuffed: one entry for each message."""
        return contents_of(bytes(self.sent))

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    client.close()
                    continue
                for pair in ((client, server, self.sent), (server, client, self.received)):
                    threading.Thread(target=_copy, args=pair, daemon=True).start()


def _copy(source, target, record):
    with contextlib.suppress(OSError):
        while octets := source.recv(65536):
            record += octets
            target.sendall(octets)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def contents_of(sent):
    """Only right for sessions in which the server took every DATA and BDAT."""
    contents, chunks, position = [], b"", 0
    while position < len(sent):
        end = sent.find(b"\n", position)
        line = sent[position:end if end >= 0 else len(sent)].strip().upper()
        position = len(sent) if end < 0 else end + 1
        if line == b"DATA":
            end = sent.find(b"\r\n.\r\n", position - 2)
            if end < 0:
                break
            contents.append(re.sub(rb"(?:(?<=\r\n)|\A)\.", b"", sent[position:end + 2]))
            position = end + 5
        elif chunk := re.fullmatch(rb"BDAT (\d+)( LAST)?", line):
            chunks += sent[position:position + int(chunk[1])]
            position += int(chunk[1])
            if chunk[2]:
                contents.append(chunks)
                chunks = b""
    return contents
