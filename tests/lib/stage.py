"""What a scenario stands on: a directory of its own, processes of its own, and waiting with a deadline.

Everything that a story starts is registered here and ended, by its own id, when the story ends.
"""

import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time


# Where Debian has nsd and smtp-source; not in every user's PATH.
os.environ["PATH"] += ":/usr/sbin"

# How many times longer than usual everything may take; programs with sanitizers are slow.
PATIENCE = float(os.environ.get("STAFFETTA_PATIENCE", "1"))

_REPORT = re.compile(r"runtime error: |\b(Address|Leak|Thread|UndefinedBehavior)Sanitizer\b")


class Failed(AssertionError):
    """The story did not go as it should; the text says how it went."""


class Stage:
    """One story's directory and everything that runs for it."""

    def __init__(self):
        # Short, because the paths of Unix sockets are.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="staffetta-"))
        self.processes = []
        self._endings = contextlib.ExitStack()

    def at_the_end(self, call, *arguments):
        self._endings.callback(call, *arguments)

    def end_all(self):
        """Ends what still runs; fails when a sanitizer has reported something about any of it."""
        self._endings.close()
        for log_file in {process.log_file for process in self.processes}:
            text = log_file.read_text(errors="replace")
            found = _REPORT.search(text)
            holds(not found, lambda: f"{log_file}: {text[found.start():][:4000]}")

    def end(self, keep):
        self._endings.close()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    def log_tails(self, lines=40):
        parts = []
        for process in self.processes:
            tail = process.log().splitlines()[-lines:]
            parts.append("\n".join([f"--- the end of {process.log_file}:", *tail]))
        return "\n".join(parts)


stage = Stage()


class Process:
    """A program that ends with the story, even if the story itself is killed."""

    def __init__(self, name, command, environment=None):
        self.name = name
        self.log_file = stage.directory / f"{name}.log"
        with open(self.log_file, "ab") as log:
            self._log_start = log.tell()
            self._child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *map(str, command)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, **(environment or {})})
        stage.processes.append(self)
        stage.at_the_end(self._end)

    @property
    def pid(self):
        return self._child.pid

    def alive(self):
        return self._child.poll() is None

    def send_signal(self, number):
        """Does nothing when it has ended."""
        self._child.send_signal(number)

    def kill(self):
        self.send_signal(signal.SIGKILL)
        self._child.wait()

    def stop(self, number=signal.SIGTERM, seconds=45):
        """Asks it to end; its exit code."""
        self.send_signal(number)
        return self.ended(seconds)

    def ended(self, seconds=30):
        """Its exit code, when it has ended by itself."""
        try:
            return self._child.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} still runs after {seconds * PATIENCE} s") from None

    def log(self):
        """What it wrote so far; not what others of its name wrote before."""
        with open(self.log_file, "rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def _end(self):
        if not self.alive():
            return
        self.send_signal(signal.SIGTERM)
        try:
            self._child.wait(10 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()


def until(condition, what, seconds=30):
    """The first true value of condition(); fails with `what` when there is none in time."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    pause = 0.01
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds} s in vain: {what() if callable(what) else what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def same(found, expected, what):
    """Fails unless both are equal."""
    if found != expected:
        raise Failed(f"{what}: expected {expected!r}, found {found!r}")


def holds(condition, what):
    """Fails unless it is true."""
    if not condition:
        raise Failed(what() if callable(what) else what)


_given = set()


def free_port(address="127.0.0.1"):
    """A port where nobody listens, each once, from below those that the system gives to clients: so
    it stays free until its owner starts, and while he is away for a restart."""
    while True:
        port = random.SystemRandom().randrange(10000, 32000)
        if port in _given:
            continue
        _given.add(port)
        with socket.socket() as probe:
            try:
                probe.bind((address, port))
                return port
            except OSError:
                continue
