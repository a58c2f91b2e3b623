"""What a file in adapters/ says of its client."""

import dataclasses
import os
import subprocess
from typing import Callable

from stage import Failed

SECONDS = 180  # for one message


@dataclasses.dataclass
class Client:
    """One row of the table.

    send(letter) submits it and returns when the client has the relay's 250; it raises Failed with
    the client's own words when the client says that it could not. `mechanisms` are those of AUTH
    that it knows, the usual one first. `cannot` says why a case or a transport is beyond it: keys
    are cases, mechanisms, transports, or (case, transport). `exact`: it puts letter.raw on the wire
    octet by octet. `forgives` is applied to the lines of the text as sent and as arrived before
    they are compared, for a client that spoils them itself; `note` says that, and whatever else
    readers of the table have to know.
    """

    name: str
    version: Callable[[], str]
    send: Callable
    mechanisms: tuple
    cannot: dict = dataclasses.field(default_factory=dict)
    prepare: Callable = lambda: None  # builds what it needs, in scratch()
    exact: bool = False
    forgives: Callable[[list], list] = lambda lines: lines
    note: str = ""

    def why_not(self, case, transport):
        """The declared reason, or None."""
        for key in (case, transport, (case, transport)):
            if key in self.cannot:
                return self.cannot[key]
        return None


def run(*command, stdin=None, environment=None, directory=None):
    """Runs a client; what it printed. stdin: bytes. Raises Failed, with that, when it ends badly."""
    try:
        done = subprocess.run([str(word) for word in command], input=stdin or b"",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=directory,
                              env={**os.environ, **(environment or {})}, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{command[0]} still ran after {SECONDS} s: {late.stdout}") from None
    words = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise Failed(f"{command[0]} ended with {done.returncode}: {words[-3000:]}")
    return words


def debian(package):
    """Asks for a package's version, without what Debian added to it."""

    def version():
        full = run("dpkg-query", "-W", "-f", "${Version}", package)
        return full.rpartition(":")[2].rpartition("-")[0].partition("+")[0] or full
    return version


def scratch():
    """A directory that stays from one run to the next, for what was built or downloaded."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.path.join(base, "staffetta-clients")
    os.makedirs(path, exist_ok=True)
    return path
