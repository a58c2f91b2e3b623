"""The relay under fire: a process for each role, all that they say to each other through links."""

import json
import os
import pathlib
import shutil
import subprocess

from dns import Dns
from enqueue import Queue, generated
from generator import Generator
from proxy import Link
from redis_server import start_redis
from relay import run_cli
from roles import ROLES, RolesApart
from sink import Sink
from stage import Failed, free_port, holds, stage, until
from steps import Traps

_SINK = "127.0.0.2"
_DISK = "4g"
_STARTS = 5  # of a role, before we give up
_LEFT = 64 << 10  # bytes, on a disk that is nearly full
_PROTOS = pathlib.Path(__file__).resolve().parents[2] / "protos"
_SPEEDY = {
    "queue": {"lease_time": "2s", "partitions": 3},
    "delivery": {"first_retry": "500ms", "longest_retry": "3s", "connect_timeout": "2s",
                 "reply_timeout": "3s", "final_timeout": "3s"},
    "redis": {"command_timeout": "1s"},
    "grpc": {"call_timeout": "3s"},
    "events": {"keep": 100_000_000},
}


class LinkedRelay(RolesApart):
    """RolesApart, each role behind a link and with a link of its own to Redis."""

    def __init__(self, fsync, **keywords):
        self.fsync = fsync
        self.failed_starts = 0
        self.listen = {role: f"127.0.0.1:{free_port()}" for role in ROLES}
        super().__init__(idle=("redis", *ROLES), **keywords)

    def links(self):
        """(name, where it listens, where it leads)"""
        for role in ROLES:
            if role != "gateway":
                yield f"grpc:{role}", self._endpoints[role], self.listen[role]
                yield f"redis:{role}", self._redis_through(role), f"unix:{self.redis_socket}"

    @property
    def redis_directory(self):
        return self._redis_directory

    @property
    def redis_socket(self):
        return self._redis_directory / "redis.sock"

    @property
    def key_file(self):
        return self._key_file

    def part(self, name):
        return self._parts[name]

    def start(self, part):
        if part == "redis":
            self._parts[part] = start_redis(self._redis_directory, self.fsync)
        else:
            self._serve_in_the_end(part)

    def _serve_in_the_end(self, role):
        """Starts it again when it ends before it is ready, as a supervisor does: it may have asked
        Redis in vain for longer than it waits."""
        for left in reversed(range(_STARTS)):
            try:
                self._serve(role, role, f"grpc.listen={self.listen[role]}",
                            f"redis.address={self._redis_through(role)}")
                return
            except Failed:
                if left == 0 or self._parts[role].alive():
                    raise
                self.failed_starts += 1

    def _redis_through(self, role):
        return f"unix:{stage.directory}/{role}.sock"


class World:
    """Everything there is. without: what this machine does not let us do, in words."""

    def __init__(self, seed, fsync="always"):
        self.traps = Traps()
        self.without = set()
        port = free_port(_SINK)
        self.sink = Sink(_SINK, port, self.traps, stage.directory / "copies.log")
        zone = f"mx.example. A {_SINK}\n" + "".join(
            f"{name}.example. MX 10 mx.example.\n" for name in ("a", "b", "c", "d", "app"))
        sections = {name: dict(keys) for name, keys in _SPEEDY.items()}
        sections["delivery"]["port"] = port
        sections["redis"]["allow_volatile"] = fsync != "always"
        self.relay = LinkedRelay(fsync, dns=Dns(zone), **sections)
        self.links = {name: Link(name, listen, target, self.traps)
                      for name, listen, target in self.relay.links()}
        self._seed = seed
        self.user = self.generator = self.queue = None
        self._mount_disk()

    async def up(self):
        """Links and sink; before the relay."""
        await self.sink.up()
        for link in self.links.values():
            await link.open()

    def start(self):
        """The relay and its user; blocks."""
        for part in ("redis", *ROLES):
            self.relay.start(part)
        self.user = self.relay.user(sender="app.example")
        self.generator = Generator(self.relay.port, self.user, self._seed,
                                   stage.directory / "answers.log")
        self.generator.traps = self.traps
        modules = generated(stage.directory, _PROTOS)
        self.queue = Queue(modules, self.relay.listen["queue"], self.relay.key_file)

    def events(self):
        """All that happened; a long run has many."""
        lines = run_cli("events", "watch", "--from", 0, "--until-now", "--json",
                        "--timeout", "600s", "--server", self.relay.listen["events"],
                        "--key-file", self.relay.key_file, seconds=600)
        return [json.loads(line) for line in lines.splitlines()]

    def shrink_disk(self):
        """Redis's disk is as good as full from now on."""
        until(lambda: self._remount(self._used() + _LEFT), "the disk to shrink")

    def grow_disk(self):
        holds(self._remount(_DISK), "the disk cannot grow again")

    def save_redis(self):
        """Copies Redis's files from the disk, which will not stay; where they are."""
        copy = stage.directory / "redis-files"
        shutil.copytree(self.relay.redis_directory / "appendonlydir", copy)
        return copy

    def _used(self):
        room = os.statvfs(self.relay.redis_directory)
        return (room.f_blocks - room.f_bfree) * room.f_frsize

    def _remount(self, size):
        """False: there is more in it already."""
        return subprocess.run(["mount", "-o", f"remount,size={size}", self.relay.redis_directory],
                              capture_output=True, check=False).returncode == 0

    def _mount_disk(self):
        directory = self.relay.redis_directory
        directory.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "chaos", directory],
                              capture_output=True, check=False)
        if done.returncode == 0:
            stage.at_the_end(subprocess.run, ["umount", "--lazy", directory])
        else:
            self.without.add("disk-full")
