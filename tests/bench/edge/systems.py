"""What is measured: a relay of all roles, the same in a process for each role, bare TLS servers, and a
sink."""

import base64
import contextlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

import cpu
import process
from own_redis import Redis


class Relay:
    """A relay with a demo account on loopback."""

    def __init__(self, options, ports="0", tls_ports="0"):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="edge-bench-"))
        self.program = options.program
        config = {"hostname": "relay.example", "grpc": {"listen": "127.0.0.1:0"}, "threads": 2,
                  "gateway": {"ports": ports, "tls_ports": tls_ports, "address": "127.0.0.1",
                              "max_sessions": 16_000, "max_sessions_per_address": 16_000,
                              "max_sessions_per_user": 16_000}}
        (self.directory / "relay.yaml").write_text(json.dumps(config))
        self.log = open(self.directory / "log", "wb")
        self.process = process.spawn(
            [self.program, "serve", "--config", self.directory / "relay.yaml", "--data",
             self.directory / "data", "--demo", "--demo-out", self.directory / "demo.json"],
            stdout=subprocess.DEVNULL, stderr=self.log)
        process.wait_until(lambda: b"ready: roles" in (self.directory / "log").read_bytes(),
                           self.process, "the relay", 60)
        status = json.loads(subprocess.run(
            [self.program, "edge", "status", "--json", "--data", self.directory / "data"],
            capture_output=True, check=True, timeout=30).stdout)
        self.ports = [port["port"] for port in status["ports"] if port["tls"] != "TLS_MODE_IMPLICIT"]
        self.tls_ports = [port["port"] for port in status["ports"]
                          if port["tls"] == "TLS_MODE_IMPLICIT"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        process.stop(self.process, 40)
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def login(self):
        """What AUTH PLAIN of the demo user says."""
        demo = json.loads((self.directory / "demo.json").read_text())
        return base64.b64encode(f"\0{demo['user']}\0{demo['password']}".encode()).decode()

    def memory(self):
        """Resident bytes of the relay's own process."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024

    def cpu(self):
        """CPU seconds of the relay, its Redis included."""
        return cpu.seconds(self.process.pid)


class RolesApart:
    """A relay in a process for each role, and its Redis, so that each one's CPU time can be told."""

    ROLES = ("events", "policy", "auth", "queue", "delivery", "gateway")

    def __init__(self, options, demo):
        """DEMO: a relay with a demo account, which has ended; its data are taken over."""
        self._processes = {}
        self.port = process.free_port()
        directory = demo.directory
        self._redis = Redis(directory / "data")
        endpoints = {role: f"127.0.0.1:{process.free_port()}" for role in self.ROLES}
        config = {"hostname": "relay.example", "threads": 2,
                  "redis": {"address": f"unix:{directory}/data/redis/redis.sock"},
                  "grpc": {"key_file": str(directory / "data" / "operator.key"),
                           **{role: endpoints[role] for role in self.ROLES if role != "gateway"}},
                  "gateway": {"ports": str(self.port), "address": "127.0.0.1"}}
        (directory / "apart.yaml").write_text(json.dumps(config))
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self.stop)
            self._redis.start()
            for role in self.ROLES:
                self._start(role, directory, [
                    options.program, "serve", "--config", directory / "apart.yaml", "--roles", role,
                    "--data", directory / f"apart-{role}", "--set",
                    f"grpc.listen={endpoints[role]}"])
            on_failure.pop_all()

    def _start(self, role, directory, command):
        log = directory / f"log-{role}"
        with open(log, "wb") as out:
            started = self._processes[role] = process.spawn(command, stdout=out, stderr=out)
        process.wait_until(lambda: b"ready: roles" in log.read_bytes(), started, role, 60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for each in reversed(self._processes.values()):
            process.stop(each, 40)
        self._redis.stop()

    def cpu(self):
        """CPU seconds of each process, by name."""
        parts = {**self._processes, "Redis": self._redis.process}
        return {name: cpu.seconds(each.pid) for name, each in parts.items()}


class BareServers:
    """`openssl s_server`, one process for each port: it serves one connection after the other."""

    def __init__(self, count, certificate, key):
        self.ports = [process.free_port() for _ in range(count)]
        self._servers = []
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self.stop)
            for port in self.ports:
                self._servers.append(process.spawn(
                    ["openssl", "s_server", "-quiet", "-accept", f"127.0.0.1:{port}", "-cert",
                     certificate, "-key", key, "-num_tickets", "1",
                     # Else it looks for the chain in the system's certificates, each time.
                     "-no-CAfile", "-no-CApath", "-no-CAstore"],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
                process.wait_until(lambda at=port: _connects(at), self._servers[-1],
                                   "openssl s_server")
            on_failure.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for server in self._servers:
            process.stop(server)

    def cpu(self):
        """CPU seconds of all of them."""
        return sum(cpu.seconds(server.pid) for server in self._servers)


def _connects(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False


class CoroutineSink:
    """An Asio coroutine server in one thread that takes every message and keeps none."""

    def __init__(self, options):
        self.port = process.free_port()
        self._process = subprocess.Popen([options.load, "sink", f"ports={self.port}"],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         start_new_session=True)
        if not self._process.stdout.readline():
            raise process.Failed("the sink did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def cpu(self):
        """CPU seconds."""
        return cpu.seconds(self._process.pid)
