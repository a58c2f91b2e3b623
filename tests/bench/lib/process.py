"""Processes of the bench: free ports, filled-in configuration, readiness, and an orderly end.

Every process is a child that this bench started, in a session of its own (so that Ctrl-C reaches
the bench alone), and is ended by its id together with all of that session.
"""

import os
import re
import signal
import socket
import subprocess
import time


class Failed(Exception):
    """A system could not be started or measured; the text says why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fill(template, target, values):
    """Writes TEMPLATE to TARGET with each @NAME@ replaced; a name without a value is an error."""
    with open(template, encoding="utf-8") as source:
        text = re.sub(r"@([A-Z_]+)@", lambda name: str(values[name[1]]), source.read())
    with open(target, "w", encoding="utf-8") as out:
        out.write(text)


def spawn(command, **options):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **options)


def wait_until(ready, process, what, seconds=30):
    """Returns when READY() says so; fails when PROCESS ends or time is up."""
    end = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise Failed(f"{what} ended with status {process.returncode} before it was ready")
        if time.monotonic() > end:
            raise Failed(f"{what} was not ready within {seconds} s")
        time.sleep(0.02)


def wait_for_banner(port, process, what, seconds=30):
    """Returns when 127.0.0.1:PORT greets with 220; fails as wait_until does."""
    wait_until(lambda: greets(port), process, f"{what} on port {port}", seconds)


def greets(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as client:
            if client.recv(512).startswith(b"220"):
                client.sendall(b"QUIT\r\n")
                client.recv(512)
                return True
    except OSError:
        pass
    return False


def stat_fields(pid):
    """The fields of /proc/PID/stat from the third on ("session" is 3)."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        return stat.read().rpartition(")")[2].split()


def family(root):
    """All processes of the session that ROOT leads, whether it still lives; as {pid: state}."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = stat_fields(int(name))
        except OSError:
            continue
        if int(fields[3]) == root:
            found[int(name)] = fields[0]
    return found


def stop(process, seconds=15):
    """SIGTERM to PROCESS, then waits for its whole session; kills by id what remains."""
    if process is None:
        return
    if process.poll() is None:
        process.terminate()
    end = time.monotonic() + seconds
    while (left := alive(process.pid)) and time.monotonic() < end:
        process.poll()
        time.sleep(0.02)
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()


def alive(root):
    return [pid for pid, state in family(root).items() if state != "Z"]
