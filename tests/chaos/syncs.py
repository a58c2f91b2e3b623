"""What strace can do to Redis's fdatasync: delay it, let it fail, or crash in the middle of it."""

import pathlib
import re
import signal

from stage import Failed, Process, stage, until

_count = 0


class Strace:
    """Attached to this process until detached, or the process ends. lines(): what it saw, then."""

    def __init__(self, process, *options):
        global _count  # pylint: disable=global-statement
        _count += 1
        self._seen = stage.directory / f"strace-{_count}.seen"
        self._strace = Process("strace", ["strace", "-f", "-qq", "-s", "0", "-e", "signal=none",
                                          "-o", self._seen, "-p", process.pid, *options])
        until(lambda: not self._strace.alive() or _is_traced(process.pid), "strace to attach")
        if not self._strace.alive() and process.alive():
            raise Failed(f"strace cannot attach: {self._strace.log()}")

    def detach(self):
        self._strace.stop(signal.SIGINT)

    def lines(self):
        self._strace.ended()
        return self._seen.read_text().splitlines()


def _is_traced(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return not re.search(r"TracerPid:\s0\n", status)


def can_trace(process):
    try:
        Strace(process, "-e", "trace=fdatasync").detach()
        return True
    except (Failed, OSError):
        return False


def slow(process, seconds):
    """Each sync takes so long more, until the answer is detached."""
    return Strace(process, "-e", "trace=fdatasync",
                  "-e", f"inject=fdatasync:delay_enter={int(seconds * 1e6)}")


def failing(process):
    """Each sync fails, until the answer is detached."""
    return Strace(process, "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO")


class CrashBeforeSync:
    """Lets syncs hang, so that a crash finds bytes in the file that were never synced, and that a
    power cut would lose."""

    def __init__(self, redis):
        self._strace = Strace(redis, "-e", "trace=write,fdatasync",
                              "-e", "inject=fdatasync:delay_enter=1000000")
        self._redis = redis

    def crash(self, part):
        """Kills Redis and cuts this part (0…1) of what was not synced off its file; in words."""
        file, descriptor = _append_only_file(self._redis.pid)
        self._redis.kill()
        unsynced = bytes_since_sync(self._strace.lines(), descriptor)
        size = file.stat().st_size
        cut = min(round(unsynced * part), size)
        with open(file, "r+b") as tail:
            tail.truncate(size - cut)
        return unsynced, cut


def bytes_since_sync(lines, descriptor):
    """How much of what was written to the descriptor no later sync has ended for."""
    unsynced = 0
    for line in lines:
        wrote = re.match(rf"\d+ +write\({descriptor}, .* = (\d+)", line)
        if wrote:
            unsynced += int(wrote[1])
        elif re.match(rf"\d+ +(fdatasync\({descriptor}\)|<\.\.\. fdatasync resumed>.*) += 0", line):
            unsynced = 0
    return unsynced


def _append_only_file(pid):
    """(path, descriptor) of the file that Redis appends to."""
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        path = link.resolve()
        if path.name.endswith(".incr.aof"):
            return path, int(link.name)
    raise Failed("Redis has no append-only file open")
