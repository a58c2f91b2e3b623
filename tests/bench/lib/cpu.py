"""CPU time of a system (a process and all of its session), from /proc.

A live process gives utime + stime, and cutime + cstime for children that it has reaped; the sum
over the session therefore never loses a child, as long as the root lives. The kernel shows ticks of
10 ms for each process; over a run of seconds this evens out. Kernel threads (the file system's
journal) belong to nobody and are not counted.
"""

import os

import process

TICK = os.sysconf("SC_CLK_TCK")


def seconds(root):
    """CPU seconds of ROOT's session, and of those that were reaped in it, so far."""
    ticks = 0
    for pid in process.family(root):
        try:
            fields = process.stat_fields(pid)
        except OSError:
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICK
