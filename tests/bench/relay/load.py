"""Drives mail: smtp-source -> the system under test -> smtp-sink, and counts what comes through."""

import dataclasses
import os
import subprocess
import time

import cpu
import process

SENDER = "sender@bench.example"
RECIPIENT = "rcpt@sink.example"
POLL = 0.002    # seconds between looks; also the resolution of both rates
SETTLE = 0.5    # seconds after the last message: duplicates would show, trailing work is counted


@dataclasses.dataclass(frozen=True)
class Case:
    size: int        # bytes of body
    kept: bool       # several messages per connection (smtp-source -d), or one
    messages: int
    sessions: int
    timeout: float   # seconds for the whole case


@dataclasses.dataclass
class Result:
    accepted_per_s: float
    through_per_s: float
    cpu_us: float          # of the system under test, per message
    source_cpu_us: float   # of smtp-source, per message
    sink_cpu_us: float     # of smtp-sink, per message
    lost: int              # accepted but never received
    extra: int             # received more often than accepted


def drive(case, port, sink, root=None):
    """Runs CASE against 127.0.0.1:PORT until SINK has it all; ROOT is the process under test."""
    before = sink.look()
    cpu_before = cpu.seconds(root) if root else 0.0
    sink_cpu_before = cpu.seconds(sink.process.pid)
    command = ["/usr/sbin/smtp-source", "-4", "-s", str(case.sessions), "-m", str(case.messages),
               "-l", str(case.size), "-M", "bench.example", "-f", SENDER, "-t", RECIPIENT,
               *(["-d"] if case.kept else []), f"127.0.0.1:{port}"]
    start = time.monotonic()
    source = process.spawn(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        accepted, through, source_cpu = watch(case, source, sink, before, start)
    finally:
        process.stop(source)
        source.stderr.close()
    time.sleep(SETTLE)
    received = sink.look() - before
    per_message = 1e6 / case.messages
    return Result(
        accepted_per_s=case.messages / accepted,
        through_per_s=case.messages / through,
        cpu_us=(cpu.seconds(root) - cpu_before) * per_message if root else 0.0,
        source_cpu_us=source_cpu * per_message,
        sink_cpu_us=(cpu.seconds(sink.process.pid) - sink_cpu_before) * per_message,
        lost=max(0, case.messages - received),
        extra=max(0, received - case.messages))


def watch(case, source, sink, before, start):
    """Seconds until SOURCE ended and until the last message came, and SOURCE's CPU seconds.

    When the time of CASE is up, the second number is that time, and the count will show the loss.
    """
    accepted = through = None
    source_cpu = 0.0
    while accepted is None or through is None:
        now = time.monotonic() - start
        if through is None and sink.look() - before >= case.messages:
            through = now
        if accepted is None:
            pid, status, usage = os.wait4(source.pid, os.WNOHANG)
            if pid:
                accepted = now
                source.returncode = os.waitstatus_to_exitcode(status)
                source_cpu = usage.ru_utime + usage.ru_stime
                if source.returncode != 0:
                    complaint = source.stderr.read().decode(errors="replace").strip()
                    raise process.Failed(f"smtp-source: {complaint or source.returncode}")
        if now > case.timeout:
            if accepted is None:
                raise process.Failed(f"not all accepted within {case.timeout:.0f} s")
            through = through or now
        time.sleep(POLL)
    return accepted, through, source_cpu
