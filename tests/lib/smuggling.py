"""SMTP smuggling: one message that a careless server takes for two."""
# The variants are the cross product of what CVE-2023-51764, -51765, -51766 and CVE-2024-27305, and the
# scanners that were published for them, put before and behind the dot.

import base64
import re
import socket
import threading

from mx import Mx
from relay import Relay
from stage import stage, until
from tap import Tap

_ENDS = {"CRLF": b"\r\n", "LF": b"\n", "CR": b"\r", "CRCRLF": b"\r\r\n", "LFCR": b"\n\r",
         "NUL": b"\0", "NULCRLF": b"\0\r\n", "CRNULLF": b"\r\0\n", "CRLFNUL": b"\r\n\0"}
VARIANTS = {f"{before} {dots} {behind}": _ENDS[before] + dots.encode() + _ENDS[behind]
            for dots in (".", "..") for before in _ENDS for behind in _ENDS}
# Those that have the real one inside them are not variants.
VARIANTS = {name: octets for name, octets in VARIANTS.items() if b"\r\n.\r\n" not in octets}


def expected(variant, strict):
    """"refused" or "one": what becomes of a message with it (SPEC S5)."""
    lines = VARIANTS[variant].replace(b"\r\n", b"")
    if b"\r" in lines or b"\0" in lines or (strict and b"\n" in lines):
        return "refused"
    return "one"


def payload(variant, sender, number, domains):
    """What follows DATA: content, the variant, and the commands and content of a second message."""
    smuggled = "".join(f"RCPT TO:<smuggled-{number}@{domain}>\r\n" for domain in domains)
    first = f"From: {sender}\r\nSubject: {number}\r\n\r\nfirst"
    second = f"MAIL FROM:<{sender}>\r\n{smuggled}DATA\r\nFrom: {sender}\r\n\r\nsecond"
    return first.encode() + VARIANTS[variant] + second.encode() + b"\r\n.\r\n"


def send(port, sender, number, domains, variant, login=None, patience=30, chunked=False):
    """Sends it in one burst; the codes of all replies from the one to the content on, 0 at the end when
    the server says nothing more and stays. login: the argument of AUTH. chunked: by BDAT, where no end
    of data means anything."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        replies = connection.makefile("rb")
        _reply(replies)
        commands = ["EHLO client.example", *([f"AUTH {login}"] if login else []), f"MAIL FROM:<{sender}>",
                    *(f"RCPT TO:<{number}@{domain}>" for domain in domains),
                    *([] if chunked else ["DATA"])]
        for command in commands:
            connection.sendall(command.encode() + b"\r\n")
            code = _reply(replies)
            if code >= 400:
                raise AssertionError(f"{command}: {code}")
        content = payload(variant, sender, number, domains)
        chunk = b"BDAT %d LAST\r\n" % len(content) if chunked else b""
        connection.sendall(chunk + content + b"NOOP\r\nQUIT\r\n")
        codes = []
        try:
            while code := _reply(replies):
                codes.append(code)
        except TimeoutError:
            codes.append(0)
        return codes


def _reply(replies):
    while line := replies.readline():
        if line[3:4] != b"-":
            return int(line[:3])
    return 0


def settled(receiver, addresses):
    return set(addresses) <= set(receiver.recipients())


def count(receiver, number, domain):
    found = receiver.recipients()
    return found.count(f"{number}@{domain}") + found.count(f"smuggled-{number}@{domain}")


def through_relay(receivers, strict, chunked=False):
    """Sends every variant through a relay of its own to all receivers, by name. {variant: (verdict,
    complaints)}, with one more entry, "wire", when something went out that never should."""
    mark = ("s" if strict else "r") + ("c" if chunked else "d")
    domains = {name: f"{name.lower()}.example" for name in receivers}
    ways = {name: WayOut(receiver.port) for name, receiver in receivers.items()}
    routes = [{"domain": domains[name], "to": f"127.0.0.1:{way.port}"} for name, way in ways.items()]
    relay = Relay(gateway={"strict_newlines": strict},
                  delivery={"routes": routes, "connections_per_site": 1})
    user = relay.user()
    login = base64.b64encode(f"\0{user.name}\0{user.password}".encode()).decode()
    codes = {variant: send(relay.port, "ann@app.example", f"{mark}{number}", domains.values(),
                           variant, f"PLAIN {login}", chunked=chunked)
             for number, variant in enumerate(VARIANTS)}
    until(relay.queue_empty, "the relay to deliver everything", 120)
    taken = [number for number, answer in enumerate(codes.values()) if answer[0] == 250]
    for name, receiver in receivers.items():
        until(lambda: settled(receiver, [f"{mark}{number}@{domains[name]}" for number in taken]),
              f"{name} to tell what it took")
    results = {}
    for number, variant in enumerate(VARIANTS):
        verdict = {250: "one", 550: "refused"}.get(codes[variant][0], str(codes[variant][0]))
        complaints = []
        if len(codes[variant]) != 3:
            complaints.append(f"the relay took it for several: {codes[variant]}")
        if verdict != expected(variant, strict):
            complaints.append(f"expected {expected(variant, strict)}")
        for name, receiver in receivers.items():
            arrived = count(receiver, f"{mark}{number}", domains[name])
            if arrived != (verdict == "one"):
                complaints.append(f"{arrived} messages at {name}")
        results[variant] = (verdict, complaints)
    for name, way in ways.items():
        for fault in way.faults():
            results.setdefault("wire", ("", []))[1].append(f"towards {name}: {fault!r}")
    relay.stop()
    return results


class WayOut:
    """A tap before a receiver, for what goes there."""

    def __init__(self, port):
        self._tap = Tap(port)
        self.port = self._tap.port

    def faults(self):
        """The bare CR, bare LF and NUL that went out, with what stands around them."""
        sent = bytes(self._tap.sent)
        return [sent[max(0, one.start() - 40):one.end() + 40]
                for one in re.finditer(rb"\r(?!\n)|(?<!\r)\n|\0", sent)]

class AiosmtpdReceiver:
    """A receiver has a port and tells the recipients of all messages that it took."""

    def __init__(self):
        self._server = Mx()
        self.port = self._server.port

    def recipients(self):
        return [to for mail in self._server.mails for to in mail.recipients]


class GullibleReceiver:
    """A server that takes a dot between any two line ends for the end of the data: who smuggles
    nothing into it, smuggles nothing into anybody."""

    _END = re.compile(rb"[\r\n\0]\.[\r\n\0]+")

    def __init__(self):
        self._recipients = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        stage.at_the_end(self._listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def recipients(self):
        return list(self._recipients)

    def _accept(self):
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        with connection:
            wire = _Wire(connection)
            connection.sendall(b"220 gullible.example\r\n")
            named = []
            while line := wire.until(re.compile(rb"\n")):
                verb = line.strip().upper()
                if verb.startswith(b"RCPT TO:"):
                    named.append(line.decode().partition("<")[2].partition(">")[0])
                if verb == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    if not wire.until(self._END):
                        return
                    self._recipients += named
                    named = []
                connection.sendall(b"250 ok\r\n")
                if verb == b"QUIT":
                    return


class _Wire:
    def __init__(self, connection):
        self._connection = connection
        self._pending = b""

    def until(self, pattern):
        """What comes up to the end of the next match; nothing when the other side has gone."""
        while not (found := pattern.search(self._pending)):
            octets = self._connection.recv(65536)
            if not octets:
                return b""
            self._pending += octets
        taken, self._pending = self._pending[:found.end()], self._pending[found.end():]
        return taken
