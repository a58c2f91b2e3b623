"""What sessions and messages cost by the number, always against a floor that is measured by turns with
them."""

import json
import statistics
import subprocess

import process
from systems import BareServers, CoroutineSink, Relay, RolesApart

ROUNDS = 7           # of what is compared; the first beyond them only warms up
SERVERS = 2          # bare servers, as many as the relay has threads
CLIENTS = 6          # of TLS: three for each server, so that none waits for a client
SESSIONS = 20        # of messages
SIZE = 4096          # bytes of content, about
SENDER = "hello@demo.example"


def tls(options):
    """Sessions with TLS and AUTH against bare handshakes of openssl s_server."""
    found = {}
    with Relay(options) as relay, BareServers(
            SERVERS, relay.directory / "data" / "tls.crt",
            relay.directory / "data" / "tls.key") as bare:
        smtp = {"login": relay.login(), "ports": relay.tls_ports[0]}
        for version in ("1.2", "1.3"):
            for name, words in (("new", {}), ("resumed", {"resumed": 1})):
                common = {"tls": version, "clients": CLIENTS, **words}
                rows = {
                    "bare": (bare, {**common, "dialogue": "bare",
                                    "ports": ",".join(map(str, bare.ports))}),
                    "implicit": (relay, {**common, **smtp}),
                    "STARTTLS": (relay, {**common, **smtp, "starttls": 1,
                                         "ports": relay.ports[0]})}
                taken = _by_turns(options, "sessions", rows)
                for row, title in (("bare", "bare handshakes"),
                                   ("implicit", "sessions with AUTH"),
                                   ("STARTTLS", "the same by STARTTLS")):
                    found[f"TLS {version}, {name}, {title}"] = _line(taken[row])
                for row in ("implicit", "STARTTLS"):
                    found[f"TLS {version}, {name}, {row}: sessions for each bare handshake"] = (
                        f"{_ratio(taken[row], taken['bare'], 'rate'):.2f} by rate, "
                        f"{_ratio(taken['bare'], taken[row], 'server'):.2f} by CPU of the server")
    return found


def messages(options):
    """Messages on kept connections against what an Asio coroutine sink takes."""
    found = {}
    with Relay(options) as relay, CoroutineSink(options) as sink:
        common = {"clients": SESSIONS, "size": SIZE, "from": SENDER}
        rows = {"sink": (sink, {**common, "ports": sink.port, "dialogue": "whole"})}
        for row, dialogue in (("relay", "whole"), ("envelopes", "envelope")):
            rows[row] = (relay, {**common, "ports": relay.ports[0], "dialogue": dialogue,
                                 "login": relay.login()})
        taken = _by_turns(options, "messages", rows)
        found["coroutine sink"] = _line(taken["sink"])
        found["relay: queued, synced, and captured beside it"] = _line(taken["relay"])
        found["relay: MAIL, RCPT and RSET alone"] = _line(taken["envelopes"])
        found["messages of the relay for each one of the sink"] = (
            f"{_ratio(taken['relay'], taken['sink'], 'rate'):.2f} by rate")
    return found


def steps(options):
    """CPU of each step of a session, and of each service for a message."""
    found = {}
    with Relay(options) as relay:
        login = {"login": relay.login()}
        sessions = {"clients": CLIENTS, "ports": relay.ports[0]}
        rows = {"connect, EHLO, QUIT": (relay, sessions),
                "and AUTH PLAIN": (relay, {**sessions, **login}),
                "and TLS 1.3, new": (relay, {**sessions, **login, "tls": "1.3",
                                             "ports": relay.tls_ports[0]})}
        taken = _by_turns(options, "sessions", rows)
        for row in rows:
            found[f"session: {row}"] = f"{_median(taken[row], 'server'):.0f} µs"
    demo = Relay(options)
    with demo:
        login = {"login": demo.login()}
        process.stop(demo.process, 40)
        with RolesApart(options, demo) as apart:
            words = {"clients": SESSIONS, "size": SIZE, "from": SENDER, "ports": apart.port,
                     **login}
            for name, dialogue in (("MAIL, RCPT, RSET", "envelope"), ("message", "whole")):
                _load(options, "messages", {**words, "dialogue": dialogue, "seconds": 1})
                used = apart.cpu()
                done = _load(options, "messages", {**words, "dialogue": dialogue,
                                                   "seconds": options.seconds})["done"]
                found[f"{name}, a process for each role"] = "µs: " + ", ".join(
                    f"{part} {(seconds - used[part]) * 1e6 / done:.0f}"
                    for part, seconds in apart.cpu().items())
    return found


def _by_turns(options, verb, rows):
    """What each row took in each round, by row."""
    taken = {row: [] for row in rows}
    for number in range(ROUNDS + 1):
        for row, (server, words) in rows.items():
            used = server.cpu()
            told = _load(options, verb, {**words, "seconds": options.seconds / ROUNDS})
            if "resumed" in words and told["resumed"] < told["done"]:
                raise process.Failed(f"{row}: {told['resumed']} of {told['done']} were resumed")
            if number > 0:
                taken[row].append({
                    "rate": told["done"] / told["seconds"],
                    "server": (server.cpu() - used) * 1e6 / told["done"],
                    "client": told["cpu"] * 1e6 / told["done"]})
    return taken


def _load(options, verb, words):
    done = subprocess.run([options.load, verb, *(f"{name}={value}" for name, value in words.items())],
                          capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise process.Failed(f"the load ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def _median(rounds, figure):
    return statistics.median(one[figure] for one in rounds)


def _ratio(ones, others, figure):
    """The median of the rounds' ratios."""
    return statistics.median(one[figure] / other[figure] for one, other in zip(ones, others))


def _line(rounds):
    return (f"{_median(rounds, 'rate'):.0f}/s, CPU {_median(rounds, 'server'):.0f} µs of the server, "
            f"{_median(rounds, 'client'):.0f} of the client")
