"""Where mail ends: an smtp-sink (Debian's package postfix) that counts."""

import os
import re
import subprocess

import process

COUNTER = re.compile(rb"mesg=\s*(\d+)\s*\r")


class Sink:
    """An smtp-sink and its running count of messages.

    `smtp-sink -c` writes the count, unbuffered, after each message. It goes to a pipe that is
    emptied at each look, so that counting costs the sink one small write per message and nobody
    else anything.
    """

    def __init__(self):
        self.port = process.free_port()
        self.received = 0
        self._text = b""
        # As root it insists on giving up its rights.
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        reader, writer = os.pipe()
        self._pipe = reader
        os.set_blocking(reader, False)
        self.process = process.spawn(
            ["/usr/sbin/smtp-sink", "-4", "-c", *user, f"127.0.0.1:{self.port}", "1024"],
            stdout=writer, stderr=subprocess.DEVNULL)
        os.close(writer)

    def __enter__(self):
        try:
            process.wait_for_banner(self.port, self.process, "smtp-sink")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        process.stop(self.process)
        os.close(self._pipe)

    def look(self):
        """Messages received since the sink started."""
        try:
            while chunk := os.read(self._pipe, 1 << 16):
                self._text = self._text[-64:] + chunk
                if counts := COUNTER.findall(self._text):
                    self.received = int(counts[-1])
        except BlockingIOError:
            pass
        return self.received
