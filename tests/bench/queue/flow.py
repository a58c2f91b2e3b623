"""A relay that drains its backlog into smtp-sink: how soon it starts, how fast it drains, and how
long an urgent message takes meanwhile."""

import contextlib
import time

import process
from loader import Loader
from systems import Relay

RATE = 100         # urgent messages a second
FIRST = 60         # seconds that the first delivery may take once the relay is ready
UNDER_WAY = 3      # seconds of drain before the first window
STRAGGLERS = 30    # seconds that the answer to a window of urgent mail may be late


class Flow:
    """On DIRECTORY, with SINK for its bulk mail and no one else's."""

    def __init__(self, directory, programs, sink, window):
        self._directory = directory
        self._programs = programs
        self._sink = sink
        self._window = window

    @contextlib.contextmanager
    def _started(self):
        """A relay, and a load generator that awaits its urgent mail."""
        port = process.free_port()
        with Relay(self._directory, self._programs["staffetta"], self._sink.port, port) as relay:
            with Loader(self._programs["load"], self._directory, port) as loader:
                yield relay, loader

    def idle(self, rounds):
        """Windows of urgent mail when there is nothing else."""
        with self._started() as (_, loader):
            loader.ask(f"urgent {RATE} 1", STRAGGLERS)
            return [self._watch(loader)["urgent"] for _ in range(rounds)]

    def start(self):
        """Starts, stops again; seconds until it was ready and until the first delivery."""
        before = self._sink.look()
        with self._started() as (relay, _):
            return self._await_first(relay, before)

    def drain(self, backlog, rounds):
        """The start; then pairs of windows, without and with urgent mail, while BACKLOG lasts."""
        before = self._sink.look()
        pairs = []
        with self._started() as (relay, loader):
            started = self._await_first(relay, before)
            begin, count = time.monotonic(), self._sink.look()
            self._look_for(UNDER_WAY)
            rate = (self._sink.look() - count) / (time.monotonic() - begin)
            for number in range(rounds):
                if backlog - self._sink.look() < 2.5 * self._window * rate:
                    break
                order = (False, True) if number % 2 == 0 else (True, False)
                pair = {urgent: self._watch(loader, relay, urgent) for urgent in order}
                pairs.append({"without": pair[False], "with": pair[True]})
                rate = pair[False]["per_s"]
        if not pairs:
            raise process.Failed(f"{backlog} messages drain too fast for a window of "
                                 f"{self._window} s: queue more")
        return started, pairs

    def _await_first(self, relay, before):
        begin = time.monotonic()
        cpu = relay.cpu()
        while self._sink.look() == before:
            if time.monotonic() - begin > FIRST:
                raise process.Failed(f"no delivery within {FIRST} s")
            time.sleep(0.002)
        return {"ready_s": relay.ready_after, "ready_cpu_s": cpu,
                "first_s": relay.ready_after + time.monotonic() - begin}

    def _look_for(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._sink.look()
            time.sleep(0.01)

    def _watch(self, loader, relay=None, urgent=True):
        """One window: what drained, at what cost; the times of urgent messages."""
        cpu_before = relay.cpu() if relay else 0
        before = self._sink.look()
        command = f"urgent {RATE} {self._window}" if urgent else None
        seen = {"time": 0, "count": 0, "cpu": 0}

        def look(now):
            count = self._sink.look() - before
            # The window is over when the last urgent message is sent, not when it has arrived.
            if seen["time"] < self._window:
                seen.update(time=now, count=count)
                if now >= self._window and relay:
                    seen["cpu"] = relay.cpu() - cpu_before

        start = time.monotonic()
        answer = loader.ask_while(command, look, self._window, self._window + STRAGGLERS)
        if seen["time"] < self._window:
            look(time.monotonic() - start)
        found = {"per_s": seen["count"] / seen["time"],
                 "cpu_us": seen["cpu"] / seen["count"] * 1e6 if seen["count"] else None}
        return {**found, "urgent": answer}
