"""What lies in Redis, counted by what the keys begin with."""

import collections
import subprocess

# These may grow: the history of what happened, and the keys of submissions that may be repeated.
HISTORY = ("events", "stats", "idem", "inbox")


def ask_redis(socket, *words, lines=None):
    """The lines of what it says to a command, or to one in each line."""
    done = subprocess.run(["redis-cli", "-s", str(socket), *words], input=lines, check=True,
                          capture_output=True, text=True, timeout=120)
    return done.stdout.splitlines()


def keys_by_prefix(socket):
    """How many keys begin so."""
    return collections.Counter(key.split(":")[0] for key in ask_redis(socket, "--scan"))


def forget_history(socket):
    """What MEMORY USAGE says of a long history is some per cent too much: without it nothing has to be
    taken off."""
    ask_redis(socket, lines="".join(f"del {key}\n" for key in _history(socket)))


def bytes_without_history(socket):
    """The memory of Redis without what the history takes."""
    ask_redis(socket, "memory", "purge")
    used = next(int(line.split(":")[1]) for line in ask_redis(socket, "info", "memory")
                if line.startswith("used_memory:"))
    sizes = ask_redis(socket, lines="".join(f"memory usage {key} samples 0\n"
                                            for key in _history(socket)))
    return used - sum(int(size) for size in sizes)


def _history(socket):
    return [key for key in ask_redis(socket, "--scan") if key.startswith(HISTORY)]
