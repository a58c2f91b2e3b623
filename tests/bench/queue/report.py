"""Medians of the rounds, ratios inside each round, percentiles; as data and as text."""

import statistics

from depth import VERBS

PERCENTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}


def spread(values):
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def speed(rounds):
    """ROUNDS: for each round {depth: {verb: measures}}, one of the depths 0."""
    return {depth: {verb: one_speed(rounds, depth, verb) for verb in VERBS} for depth in rounds[0]}


def one_speed(rounds, depth, verb):
    found = [each[depth][verb] for each in rounds]
    ratios = [each[depth][verb]["per_s"] / each[0][verb]["per_s"] for each in rounds]
    return {**{name: spread([one[name] for one in found]) for name in found[0]},
            "of_empty": statistics.median(ratios)}


def percentiles(values):
    ordered = sorted(values)
    return {name: ordered[min(len(ordered) - 1, int(part * len(ordered)))]
            for name, part in PERCENTILES.items()} if ordered else {}


def urgent(windows):
    """WINDOWS: the load generator's answers. All messages as one, and the p99 of each window."""
    accepted = [value for window in windows for value in window["accepted_ms"]]
    delivered = [value for window in windows for value in window["delivered_ms"]]
    sent = sum(window["sent"] for window in windows)
    return {"sent": sent, "lost": sent - len(delivered),
            "accepted_ms": percentiles(accepted), "delivered_ms": percentiles(delivered),
            "whole_ms": percentiles([one + other for one, other in zip(accepted, delivered)]),
            "window_p99_ms": spread([percentiles(window["delivered_ms"]).get("p99", float("inf"))
                                     for window in windows])}


def drain(pairs):
    """PAIRS: of windows without and with urgent mail."""
    without = [pair["without"] for pair in pairs]
    both = [pair["with"] for pair in pairs]
    return {"rounds": len(pairs), "per_s": spread([one["per_s"] for one in without]),
            "per_s_with_urgent": spread([one["per_s"] for one in both]),
            "ratio": statistics.median(two["per_s"] / one["per_s"]
                                       for one, two in zip(without, both)),
            "cpu_us": spread([one["cpu_us"] for one in without if one["cpu_us"] is not None])}


def starts(found):
    return {name: spread([one[name] for one in found]) for name in found[0]}


def complete(data):
    """Everything that was asked for was measured, and no urgent message was lost."""
    return not data["failures"] and not any(one["lost"] for one in data.get("urgent", {}).values())


def text(data):
    lines = [", ".join(f"{key} {value}" for key, value in data["about"].items())]
    for name, write in (("speed", speed_text), ("memory", memory_text), ("urgent", urgent_text),
                        ("drain", drain_text), ("start", start_text), ("lanes", lanes_text)):
        if name in data:
            lines += ["", *write(data[name])]
    lines += [f"\nFAILED {failure}" for failure in data["failures"]]
    return "\n".join(lines)


def speed_text(found):
    yield (f"{'queued':>10} {'':9}{'per s':>9}{'low':>9}{'high':>9}{'of empty':>10}"
           f"{'queue us':>10}{'redis us':>10}")
    for verb in VERBS:
        for depth, verbs in found.items():
            one = verbs[verb]
            yield (f"{depth:10,} {verb:9}{one['per_s']['median']:9,.0f}{one['per_s']['low']:9,.0f}"
                   f"{one['per_s']['high']:9,.0f}{one['of_empty']:10.2f}"
                   f"{one['queue_us']['median']:10.1f}{one['redis_us']['median']:10.1f}")


def memory_text(found):
    yield (f"{'queued':>10} {'content':10}{'bytes each':>11}{'content':>9}{'events':>8}"
           f"{'the rest':>9}{'events + rest':>14}")
    for one in found:
        yield (f"{one['messages']:10,} {one['content']:10}{one['total']:11,.0f}"
               f"{one['compressed']:9,.0f}{one['events']:8,.0f}{one['rest']:9,.0f}"
               f"{one['events'] + one['rest']:14,.0f}")


def urgent_text(found):
    names = list(PERCENTILES)
    yield (f"{'class 1, ms':16}{'sent':>7}{'lost':>6}"
           + "".join(f"{name:>9}" for name in names) + f"{'p99 of windows':>18}"
           + "".join(f"{stage + ' ' + name:>13}" for stage in ("accept", "whole")
                     for name in names[:2]))
    for name, one in found.items():
        window = one["window_p99_ms"]
        between = f"{window['low']:.1f}…{window['high']:.1f}"
        yield (f"{name:16}{one['sent']:7}{one['lost']:6}"
               + "".join(f"{one['delivered_ms'].get(each, float('nan')):9.2f}" for each in names)
               + f"{between:>18}"
               + "".join(f"{one[stage].get(each, float('nan')):13.2f}"
                         for stage in ("accepted_ms", "whole_ms") for each in names[:2]))
    if {"idle", "draining"} <= found.keys() and found["idle"]["delivered_ms"]:
        ratio = found["draining"]["delivered_ms"]["p99"] / found["idle"]["delivered_ms"]["p99"]
        yield f"  p99 while draining / idle: x{ratio:.2f}"


def drain_text(found):
    yield (f"drain: {found['per_s']['median']:,.0f}/s "
           f"({found['per_s']['low']:,.0f}…{found['per_s']['high']:,.0f}); with urgent mail "
           f"{found['per_s_with_urgent']['median']:,.0f}/s: x{found['ratio']:.2f} "
           f"({found['rounds']} rounds); CPU {found['cpu_us']['median']:,.0f} us a delivery")


def start_text(found):
    for name, label in (("ready_s", "start to ready"), ("ready_cpu_s", "  processor time of it"),
                        ("first_s", "start to first delivery")):
        one = found[name]
        yield f"{label}: {one['median']:.1f} s ({one['low']:.1f}…{one['high']:.1f})"


def lanes_text(found):
    yield (f"throttled lanes, {found['messages']:,} queued at {found['fill_per_s']:,.0f}/s: "
           f"{found['waiting_cpu'] * 100:.1f} % of a processor while all wait; "
           f"{found['leased']:,} went")
    for when, late in found["late_ms"].items():
        yield f"  due {when}: late by " + ", ".join(f"{name} {value:.0f} ms"
                                                    for name, value in late.items())
