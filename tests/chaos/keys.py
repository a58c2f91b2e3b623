"""What lies in Redis, counted by what the keys begin with."""

import collections
import subprocess

# These may grow: the history of what happened, and what keeps a repeated submission from being queued.
HISTORY = ("events", "stats", "idem", "inbox")


def _redis(socket, *words, lines=None):
    done = subprocess.run(["redis-cli", "-s", str(socket), *words], input=lines, check=True,
                          capture_output=True, text=True, timeout=120)
    return done.stdout.splitlines()


def keys_by_prefix(socket):
    """How many keys begin so."""
    return collections.Counter(key.split(":")[0] for key in _redis(socket, "--scan"))


def bytes_without_history(socket):
    """The memory of Redis without what the history takes."""
    _redis(socket, "memory", "purge")
    used = next(int(line.split(":")[1]) for line in _redis(socket, "info", "memory")
                if line.startswith("used_memory:"))
    history = [key for key in _redis(socket, "--scan") if key.startswith(HISTORY)]
    sizes = _redis(socket, lines="".join(f"memory usage {key} samples 0\n" for key in history))
    return used - sum(int(size) for size in sizes)
