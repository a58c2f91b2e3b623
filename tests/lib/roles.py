"""The relay as one process per role, with a Redis of the test's own."""

import signal

from relay import PROGRAM, Relay, await_ready
from stage import Process, free_port, stage, until

ROLES = ("events", "policy", "auth", "queue", "delivery", "gateway")
_ROLE_OF_COMMAND = {"accounts": "auth", "users": "auth", "senders": "policy", "queue": "queue",
                    "edge": "gateway", "inbox": "delivery", "events": "events", "stats": "events"}


def start_redis(directory, fsync="always"):
    """A redis-server on the socket redis.sock in this directory."""
    directory.mkdir(exist_ok=True)
    redis = Process("redis", ["redis-server", "--port", 0, "--dir", directory, "--save", "",
                              "--unixsocket", directory / "redis.sock",
                              "--appendonly", "yes", "--appendfsync", fsync])
    until(lambda: "ready to accept" in redis.log(), "redis to be ready")
    return redis


class RolesApart(Relay):
    """Parts are ROLES and "redis"; each can be killed, stopped and started while the rest runs."""

    def __init__(self, idle=(), **keywords):
        """idle: parts that are not started yet."""
        self._endpoints = {role: f"127.0.0.1:{free_port()}" for role in ROLES}
        self._redis_directory = stage.directory / "redis"
        self._parts = {}
        self._key_file = stage.directory / "operator.key"
        keywords["redis"] = {"address": f"unix:{self._redis_directory}/redis.sock",
                             **keywords.get("redis", {})}
        keywords["grpc"] = {"key_file": str(self._key_file),
                            **{role: self._endpoints[role] for role in ROLES if role != "gateway"}}
        port = free_port()
        keywords["gateway"] = {"ports": str(port), **keywords.get("gateway", {})}
        super().__init__(start=False, **keywords)
        self.port = port
        for part in ("redis", *ROLES):
            if part not in idle:
                self.start(part)

    def start(self, part):
        if part == "redis":
            self._parts[part] = start_redis(self._redis_directory)
        else:
            self._serve(part, part, f"grpc.listen={self._endpoints[part]}")

    def replica(self, role, queue=None):
        """A second process of a role, the part "<role>-2", that calls the queue at this endpoint. Of a
        gateway, its port; else where it answers gRPC."""
        port, endpoint = free_port(), f"127.0.0.1:{free_port()}"
        self._serve(f"{role}-2", role, f"grpc.listen={endpoint}", f"gateway.ports={port}",
                    f"grpc.queue={queue or self._endpoints['queue']}")
        return port if role == "gateway" else endpoint

    def _serve(self, part, role, *settings):
        overrides = [word for setting in settings for word in ("--set", setting)]
        self._parts[part] = Process(
            part, [PROGRAM, "serve", "--config", self.config, "--roles", role,
                   "--data", stage.directory / part, *overrides])
        await_ready(self._parts[part])

    def pid(self, part):
        return self._parts[part].pid

    def kill(self, part):
        """SIGKILL."""
        self._parts[part].kill()

    def pause(self, part):
        """SIGSTOP: it is there and does nothing, as on a machine that swaps."""
        self._parts[part].send_signal(signal.SIGSTOP)

    def resume(self, part):
        self._parts[part].send_signal(signal.SIGCONT)

    def stop(self, part):
        """SIGTERM."""
        self._parts[part].stop()

    def restart(self, part):
        """Starts what was killed or stopped."""
        self.start(part)

    def log(self):
        return "".join(part.log() for part in self._parts.values())

    def _cli_target(self, group):
        return ["--server", self._endpoints[_ROLE_OF_COMMAND[group]],
                "--key-file", self._key_file]
