"""What is measured: a queue role with a Redis of its own, or a whole relay. Both on a data
directory, laid out alike, so that a queue filled by the one can be drained by the other."""

import os
import subprocess
import time

import cpu
import process

HERE = os.path.dirname(os.path.abspath(__file__))
READY = 90    # seconds that a start may take


class Redis:
    """A redis-server on DIRECTORY/redis, told what the embedded one is told
    (services/common/redis/embedded.cc)."""

    OPTIONS = {
        "port": "0", "unixsocket": "redis.sock", "unixsocketperm": "700", "daemonize": "no",
        "logfile": "redis.log", "save": "", "appendonly": "yes", "appendfsync": "always",
        "no-appendfsync-on-rewrite": "no", "aof-use-rdb-preamble": "yes",
        "auto-aof-rewrite-percentage": "100", "auto-aof-rewrite-min-size": "256mb",
        "maxmemory-policy": "noeviction", "hash-max-listpack-value": "2048",
        "hash-max-listpack-entries": "128"}

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


class Queue:
    """The queue role in a process, its Redis in another."""

    def __init__(self, directory, program):
        self.directory = directory
        self.redis = Redis(directory)
        self._program = program
        self._process = None

    def __enter__(self):
        try:
            self.redis.start()
            self._process = serve(self._program, self.directory, "queue.yaml",
                                  {"DIR": self.directory}, ["--roles", "queue"])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        process.stop(self._process)
        self.redis.stop()

    def cpu(self):
        """CPU seconds so far: of the queue role, of Redis."""
        return cpu.seconds(self._process.pid), cpu.seconds(self.redis.process.pid)


class Relay:
    """All roles and the embedded Redis."""

    def __init__(self, directory, program, bulk_port, urgent_port):
        self.directory = directory
        self.ready_after = None    # seconds from its start until it answered gRPC
        self._program = program
        self._values = {"BULK_PORT": bulk_port, "URGENT_PORT": urgent_port}
        self._process = None

    def __enter__(self):
        begin = time.monotonic()
        self._process = serve(self._program, self.directory, "relay.yaml", self._values, [])
        self.ready_after = time.monotonic() - begin
        return self

    def __exit__(self, *_):
        process.stop(self._process, 60)

    def cpu(self):
        return cpu.seconds(self._process.pid)


def serve(program, directory, config, values, arguments):
    """Starts `staffetta serve`; returns when it is ready."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    process.fill(f"{HERE}/{config}.in", f"{directory}/{config}", values)
    endpoint = f"{directory}/grpc.endpoint"
    if os.path.exists(endpoint):
        os.remove(endpoint)
    with open(f"{directory}/log", "ab") as log:
        started = process.spawn([program, "serve", "--config", f"{directory}/{config}", "--data",
                                 directory, *arguments], stdout=log, stderr=log)
    try:
        process.wait_until(lambda: os.path.exists(endpoint) and os.path.getsize(endpoint) > 0,
                           started, "staffetta", READY)
    except process.Failed as error:
        process.stop(started)
        raise process.Failed(f"{error}; its log ends:\n{tail(f'{directory}/log')}") from error
    except BaseException:
        process.stop(started)
        raise
    return started


def tail(path):
    with open(path, encoding="utf-8", errors="replace") as log:
        return "".join(log.readlines()[-8:])
