"""The relay's own Redis, seen from outside."""

import pathlib

from stage import until


class ProcessSeen:
    """A process that somebody else started."""

    def __init__(self, directory):
        self._directory = directory
        self._started = self._start_time()

    @property
    def pid(self):
        return int(self._directory.name)

    def exists(self):
        return self._start_time() == self._started

    def _start_time(self):
        """None: there is none, or only a zombie that its new parent has not collected."""
        try:
            fields = (self._directory / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] == "Z" else fields[19]


def redis_of(relay):
    """The redis-server that is a child of this relay."""

    def found():
        for directory in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                parent = (directory / "stat").read_text().rpartition(")")[2].split()[1]
                name = (directory / "comm").read_text().strip()
            except OSError:
                continue
            if int(parent) == relay.process.pid and name == "redis-server":
                return ProcessSeen(directory)
        return None

    return until(found, "the relay's redis-server to be seen")
