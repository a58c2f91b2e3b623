"""Processes of the bench: free ports, filled-in configuration, readiness, and an orderly end.

Every process is a child that this bench started, in a session of its own (so that Ctrl-C reaches
the bench alone), and is ended by its id together with its descendants.
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


def wait_for_banner(port, process, what, seconds=30):
    """Returns when 127.0.0.1:PORT greets with 220; fails when PROCESS ends or time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Failed(f"{what} ended with status {process.returncode} before it was ready")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as client:
                if client.recv(512).startswith(b"220"):
                    client.sendall(b"QUIT\r\n")
                    client.recv(512)
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise Failed(f"{what} gave no 220 on port {port} within {seconds} s")


def parents():
    """Parent id and start time of every process, by id."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = stat_fields(int(name))
        except OSError:
            continue
        found[int(name)] = (int(fields[1]), int(fields[19]))
    return found


def stat_fields(pid):
    """The fields of /proc/PID/stat from the third on ("state" is 0, "ppid" 1, "starttime" 19)."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        return stat.read().rpartition(")")[2].split()


def tree(root):
    """ROOT and its descendants that live now, as {pid: start time}."""
    known = parents()
    found = {root: known[root][1]} if root in known else {}
    grown = True
    while grown:
        more = {pid: start for pid, (parent, start) in known.items()
                if parent in found and pid not in found}
        found.update(more)
        grown = bool(more)
    return found


def stop(process, seconds=15):
    """SIGTERM to PROCESS, then waits for it and its descendants; kills by id what remains."""
    if process is None:
        return
    family = tree(process.pid) if process.poll() is None else {}
    if family:
        process.terminate()
    end = time.monotonic() + seconds
    while family and time.monotonic() < end:
        process.poll()
        family = still_alive(family)
        time.sleep(0.02)
    for pid in family:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()


def still_alive(family):
    now = parents()
    return {pid: start for pid, start in family.items() if pid in now and now[pid][1] == start}
