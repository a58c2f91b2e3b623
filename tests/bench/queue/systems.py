"""What is measured: a queue role with a Redis of its own, or a whole relay. Both on a data
directory, laid out alike, so that a queue filled by the one can be drained by the other."""

import os
import time

import cpu
import process
from own_redis import Redis

HERE = os.path.dirname(os.path.abspath(__file__))
READY = 90    # seconds that a start may take


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
