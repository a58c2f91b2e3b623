"""What ten thousand throttled lanes cost while they wait, and how late each goes on."""

import subprocess
import time

import depth
from report import percentiles

LANES = 10_000
PERIOD = 30             # seconds between two deliveries of a lane
WAITING = (10, 25)      # seconds behind the first deliveries in which nothing is due
WATCHED = 70            # seconds: each lane goes on twice
PACES = (10_000, 1_000)  # lanes a second that become due, when not all do at once


def measure(queue, loader, count, staffetta):
    """COUNT messages in LANES lanes, each domain throttled to one message in PERIOD."""
    subprocess.run([staffetta, "queue", "throttle", "destination:*", "--rate", f"1/{PERIOD}s",
                    "--data", queue.directory], check=True, stdout=subprocess.DEVNULL, timeout=30)
    filled = depth.fill(queue, loader, count, "light", LANES)
    seen = {}
    # A processor that has rested is slower at first: so it should be in each of the rounds that are compared.
    time.sleep(PERIOD)

    def look(now):
        for at in WAITING:
            if now >= at and at not in seen:
                seen[at] = now, sum(queue.cpu())

    at_once = loader.ask_while(f"watch {WATCHED} {PERIOD}", look, WAITING[-1] + 1, WATCHED + 30)
    answers = {"at once": at_once}
    for pace in PACES:
        time.sleep(PERIOD)    # all are due
        answers[f"{pace:,} a second"] = loader.ask(f"watch {WATCHED} {PERIOD} {pace}", WATCHED + 30)
    (begin, cpu_before), (end, cpu_after) = seen[WAITING[0]], seen[WAITING[1]]
    return {"messages": count, "fill_per_s": filled["per_s"],
            "leased": sum(answer["leased"] for answer in answers.values()),
            "waiting_cpu": (cpu_after - cpu_before) / (end - begin),
            "late_ms": {when: lateness(answer) for when, answer in answers.items()}}


def lateness(answer):
    return percentiles(answer["late_ms"]) | {"latest": max(answer["late_ms"])}
