"""What sessions cost that do little: each measurement starts a relay of its own and says what it
found, by name."""

import contextlib
import json
import os
import re
import socket
import ssl
import time

from systems import Relay

ALL_PORTS = "23,25,26,80,587,1025-5000"
HELLO = b"EHLO client.example\r\n"


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
        quiet = _latencies(relay, options.seconds)
        slow = []
        for number in range(options.flood):
            client = open_ones.enter_context(greeted(relay.ports[0]))
            if number % 2:
                slow.append(client)
        with _Dripping(slow):
            flooded = _latencies(relay, options.seconds)
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


def _latencies(relay, seconds):
    login = f"AUTH PLAIN {relay.login()}\r\n".encode()
    taken, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        with greeted(relay.ports[0]) as client:
            for said in (HELLO, login, b"NOOP\r\n", b"QUIT\r\n"):
                client.sendall(said)
                client.recv(2048)
        taken.append(time.monotonic() - start)
    return sorted(taken)
