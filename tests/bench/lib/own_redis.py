"""A redis-server of the bench's own, told what the embedded one is told."""

import os
import subprocess
import time

import process

READY = 90    # seconds that a start may take


class Redis:
    """A redis-server on DIRECTORY/redis, told what the embedded one is told
    (services/common/redis/embedded.cc)."""

    OPTIONS = {
        "port": "0", "unixsocket": "redis.sock", "unixsocketperm": "700", "daemonize": "no",
        "logfile": "redis.log", "save": "", "appendonly": "yes", "appendfsync": "always",
        "no-appendfsync-on-rewrite": "no", "aof-use-rdb-preamble": "yes",
        "rdbcompression": "no",
        "auto-aof-rewrite-percentage": "100", "auto-aof-rewrite-min-size": "256mb",
        "maxmemory-policy": "noeviction", "hash-max-listpack-value": "2048",
        "hash-max-listpack-entries": "128", "list-max-listpack-size": "32"}

    def __init__(self, directory):
        self._directory = f"{directory}/redis"
        self.process = None

    def start(self):
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        options = [word for name, value in self.OPTIONS.items() for word in (f"--{name}", value)]
        self.process = process.spawn(
            ["redis-server", "--dir", self._directory, *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process.wait_until(self._is_ready, self.process, "redis-server", READY)

    def stop(self):
        process.stop(self.process, 60)

    def ask(self, *words):
        """The answer's lines."""
        done = subprocess.run(["redis-cli", "-s", f"{self._directory}/redis.sock", *words],
                              capture_output=True, text=True, timeout=120, check=False)
        return done.stdout.splitlines()

    def info(self, name):
        """A number of INFO."""
        lines = [line for line in self.ask("INFO") if line.startswith(f"{name}:")]
        return int(lines[0].partition(":")[2])

    def memory(self):
        """Bytes of the data set and what serves it, and of them those of streams."""
        self._settle()
        streams, cursor = 0, "0"
        while True:
            cursor, *keys = self.ask("SCAN", cursor, "COUNT", "200000", "TYPE", "stream")
            streams += sum(int(self.ask("MEMORY", "USAGE", key, "SAMPLES", "0")[0])
                           for key in filter(None, keys))
            if cursor == "0":
                return self.info("used_memory"), streams

    def _is_ready(self):
        return self.ask("PING") == ["PONG"]

    def _settle(self, seconds=120):
        """Until the append-only file is not being rewritten: that costs memory and time."""
        end = time.monotonic() + seconds
        while self.info("aof_rewrite_in_progress") and time.monotonic() < end:
            time.sleep(0.2)
