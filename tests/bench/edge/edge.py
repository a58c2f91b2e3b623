"""The measurements. Each starts a relay of its own and says what it found, by name."""

import base64
import collections
import concurrent.futures
import contextlib
import functools
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import tempfile
import time

import cpu
import process

ALL_PORTS = "23,25,26,80,587,1025-5000"
ROUNDS = 7  # of what is compared
CLIENTS = 2
HELLO = b"EHLO client.example\r\n"


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

    def demo(self):
        """User and password."""
        demo = json.loads((self.directory / "demo.json").read_text())
        return demo["user"], demo["password"]

    def memory(self):
        """Resident bytes of the relay's own process."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024

    def cpu(self):
        """CPU seconds of the relay's own process."""
        fields = process.stat_fields(self.process.pid)
        return (int(fields[11]) + int(fields[12])) / cpu.TICK


def greeted(port, context=None, timeout=60):
    """A connection that has heard the banner."""
    client = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    if context is not None:
        client = context.wrap_socket(client, server_hostname="relay.example")
    client.recv(512)
    return client


def ports(options):
    """One port against all of them."""
    found = {}
    for name, setting in (("one port", "0"), ("all ports", ALL_PORTS)):
        with Relay(options, setting) as relay:
            time.sleep(2)
            found[f"{name}: open"] = len(relay.ports)
            found[f"{name}: resident at rest, KiB"] = relay.memory() // 1024
            before = relay.cpu()
            time.sleep(options.seconds)
            found[f"{name}: CPU at rest, ms/s"] = round(
                (relay.cpu() - before) * 1000 / options.seconds, 1)
            accepted, before, start = 0, relay.cpu(), time.monotonic()
            while time.monotonic() - start < options.seconds:
                greeted(relay.ports[accepted % len(relay.ports)]).close()
                accepted += 1
            seconds = time.monotonic() - start
            found[f"{name}: sessions accepted one after the other, per s"] = round(
                accepted / seconds)
            found[f"{name}: CPU of each, µs"] = round((relay.cpu() - before) * 1e6 / accepted)
    return found


def idle(options):
    """Memory of sessions that have said EHLO and nothing more."""
    found = {}
    context = ssl._create_unverified_context()  # pylint: disable=protected-access
    for name, count, wrap in (("plain", options.idle, None), ("TLS", options.idle_tls, context)):
        with Relay(options) as relay, contextlib.ExitStack() as open_ones:
            port = relay.tls_ports[0] if wrap else relay.ports[0]
            for _ in range(50):  # what only the first ones cost
                greeted(port, wrap).close()
            before = relay.memory()
            for _ in range(count):
                client = open_ones.enter_context(greeted(port, wrap))
                client.sendall(HELLO)
                client.recv(2048)
            time.sleep(1)
            found[f"{name}: sessions"] = count
            found[f"{name}: bytes of each"] = (relay.memory() - before) // count
            used = relay.cpu()
            time.sleep(options.seconds)
            found[f"{name}: CPU while idle, ms/s"] = round(
                (relay.cpu() - used) * 1000 / options.seconds, 1)
    return found


def flood(options):
    """What a well-behaved client notices of many that say nothing, or a byte now and then."""
    found = {}
    with Relay(options) as relay, contextlib.ExitStack() as open_ones:
        user, password = relay.demo()
        quiet = _latencies(relay, user, password, options.seconds)
        slow = []
        for number in range(options.flood):
            client = open_ones.enter_context(greeted(relay.ports[0]))
            if number % 2:
                slow.append(client)
        with _Dripping(slow):
            flooded = _latencies(relay, user, password, options.seconds)
    for name, latencies in (("alone", quiet), (f"beside {options.flood} others", flooded)):
        found[f"{name}: sessions"] = len(latencies)
        for share in (50, 99):
            at = min(len(latencies) - 1, len(latencies) * share // 100)
            found[f"{name}: p{share} of connect, EHLO, AUTH, NOOP, QUIT, ms"] = round(
                latencies[at] * 1000, 2)
    return found


class _Dripping:
    """A byte on each of these connections every few seconds, in a process of its own."""

    def __init__(self, clients):
        self._clients = clients
        self._child = None

    def __enter__(self):
        self._child = os.fork()
        if self._child == 0:
            while True:
                for client in self._clients:
                    with contextlib.suppress(OSError):
                        client.send(b"N")
                    time.sleep(3 / max(1, len(self._clients)))

    def __exit__(self, *_):
        os.kill(self._child, 9)
        os.waitpid(self._child, 0)


def _plain(user, password):
    return b"AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()) + b"\r\n"


def _latencies(relay, user, password, seconds):
    login, taken, end = _plain(user, password), [], time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        with greeted(relay.ports[0]) as client:
            for said in (HELLO, login, b"NOOP\r\n", b"QUIT\r\n"):
                client.sendall(said)
                client.recv(2048)
        taken.append(time.monotonic() - start)
    return sorted(taken)


def tls(options):
    """CPU and number of sessions with TLS and AUTH, against bare handshakes of openssl s_server."""
    found = {}
    with Relay(options) as relay:
        user, password = relay.demo()
        port = relay.tls_ports[0]
        files = relay.directory / "data"
        # One thread each: as many as the relay has.
        bare = [process.free_port() for _ in range(CLIENTS)]
        servers = []
        try:
            for at in bare:
                servers.append(process.spawn(
                    ["openssl", "s_server", "-quiet", "-accept", f"127.0.0.1:{at}",
                     "-cert", files / "tls.crt", "-key", files / "tls.key"],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
                process.wait_until(functools.partial(_connects, at), servers[-1],
                                   "openssl s_server")
            rows = (("bare handshakes", bare, None, [server.pid for server in servers]),
                    ("sessions with AUTH", [port] * CLIENTS, _plain(user, password),
                     [relay.process.pid]))
            for name, resumed in (("new", False), ("resumed", True)):
                rates, costs = _interleaved(rows, resumed, options.seconds / ROUNDS)
                for row, *_ in rows:
                    found[f"{name} {row}: per s"] = round(statistics.median(rates[row]))
                    found[f"{name} {row}: CPU of the server, µs each"] = round(
                        statistics.median(costs[row]) * 1e6)
                bare_rates, session_rates = (rates[row] for row, *_ in rows)
                found[f"{name}: sessions for each bare handshake"] = round(statistics.median(
                    session / handshake
                    for session, handshake in zip(session_rates, bare_rates)), 2)
        finally:
            for server in servers:
                process.stop(server)
    return found


def _interleaved(rows, resumed, seconds):
    """Rates per second and CPU seconds of each, by row, of ROUNDS rounds by turns."""
    rates, costs = collections.defaultdict(list), collections.defaultdict(list)
    for _ in range(ROUNDS):
        for row, ports, login, pids in rows:
            used = sum(map(_cpu_of, pids))
            done, taken = _sessions(ports, login, resumed, seconds)
            rates[row].append(done / taken)
            costs[row].append((sum(map(_cpu_of, pids)) - used) / done)
    return rates, costs


def _cpu_of(pid):
    fields = process.stat_fields(pid)
    return (int(fields[11]) + int(fields[12])) / cpu.TICK


def _connects(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False


def _sessions(ports, login, resumed, seconds):
    """How many, and in how much time, by one client for each of the ports."""
    start = time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(len(ports)) as pool:
        done = [pool.submit(_client, port, login, resumed, seconds) for port in ports]
        return sum(one.result() for one in done), time.monotonic() - start


def _client(port, login, resumed, seconds):
    context = ssl._create_unverified_context()  # pylint: disable=protected-access
    # There a session is known at once, as a bare server's, which sends nothing, has to be.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    session, done, end = None, 0, time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
            with context.wrap_socket(plain, server_hostname="relay.example",
                                     session=session) as client:
                if resumed and session is None:
                    session = client.session
                if login is not None:
                    client.recv(512)
                    for said in (HELLO, login, b"QUIT\r\n"):
                        client.sendall(said)
                        client.recv(2048)
        done += 1
    return done
