"""Medians of the rounds, and the ratios that travel from one machine to another."""

import dataclasses
import statistics

# What a ratio is taken of.
MEASURES = ("accepted_per_s", "through_per_s", "cpu_us")


class Report:
    """Results by case and system, one for each round."""

    def __init__(self, about):
        self.about = about
        self.failures = []
        self._results = {}    # case -> system -> {round: Result}

    def add(self, case, system, number, result):
        self._results.setdefault(case, {}).setdefault(system, {})[number] = result

    def fail(self, system, number, why):
        self.failures.append({"system": system, "round": number, "why": why})

    def complete(self):
        """Everything ran, everything accepted came through exactly once."""
        every = [result for systems in self._results.values() for rounds in systems.values()
                 for result in rounds.values()]
        return bool(every) and not self.failures and not any(r.lost or r.extra for r in every)

    def data(self):
        return {"about": self.about, "complete": self.complete(), "failures": self.failures,
                "cases": [{**dataclasses.asdict(case),
                           "systems": {name: summary(rounds) for name, rounds in systems.items()},
                           "ratios": ratios(systems)}
                          for case, systems in self._results.items()]}

    def text(self):
        lines = [", ".join(f"{key} {value}" for key, value in self.about.items())]
        for entry in self.data()["cases"]:
            lines += ["", heading(entry), TITLE]
            lines += [row(name, values) for name, values in entry["systems"].items()]
            lines += ratio_rows(entry["ratios"])
        for failure in self.failures:
            lines.append("\nFAILED {system}, round {round}: {why}".format(**failure))
        return "\n".join(lines)


def summary(rounds):
    """Medians with the lowest and highest, losses in all."""
    results = list(rounds.values())
    found = {"rounds": len(results)}
    for field in dataclasses.fields(results[0]):
        values = [getattr(result, field.name) for result in results]
        if field.name in ("lost", "extra"):
            found[field.name] = sum(values)
        else:
            found[field.name] = {"median": statistics.median(values),
                                 "low": min(values), "high": max(values)}
    return found


def ratios(systems):
    """Medians of the ratios within each round, so that a slow minute of the machine cancels out."""
    found = {}
    if "staffetta" in systems and "postfix" in systems:
        found["staffetta/postfix"] = {
            name: paired(systems["staffetta"], systems["postfix"], name) for name in MEASURES}
    for name in ("postfix", "staffetta"):
        if name in systems and "bare" in systems:
            half = paired(systems[name], systems["bare"], "through_per_s")
            found[f"{name}/two-hop ceiling"] = {"through_per_s": half and half * 2}
    return found


def paired(above, below, measure):
    """None when no round has both."""
    found = [getattr(above[number], measure) / getattr(below[number], measure)
             for number in above.keys() & below.keys() if getattr(below[number], measure) > 0]
    return statistics.median(found) if found else None


TITLE = (f"{'':10}{'accepted/s':>12}{'through/s':>12}{'low':>9}{'high':>9}{'CPU us/msg':>12}"
         f"{'source us':>11}{'sink us':>9}{'lost':>6}{'extra':>7}")


def heading(entry):
    way = "connections kept" if entry["kept"] else "one message per connection"
    return (f"{entry['size']} bytes, {way}, {entry['sessions']} sessions, "
            f"{entry['messages']} messages")


def row(name, values):
    through = values["through_per_s"]
    own = f"{values['cpu_us']['median']:,.0f}" if name != "bare" else "-"
    return (f"{name:10}{values['accepted_per_s']['median']:12,.0f}{through['median']:12,.0f}"
            f"{through['low']:9,.0f}{through['high']:9,.0f}{own:>12}"
            f"{values['source_cpu_us']['median']:11,.0f}{values['sink_cpu_us']['median']:9,.0f}"
            f"{values['lost']:6}{values['extra']:7}")


def ratio_rows(found):
    lines = []
    for name, values in found.items():
        parts = []
        for measure, value in values.items():
            if value is not None:
                label = {"accepted_per_s": "accepted", "through_per_s": "through",
                         "cpu_us": "CPU"}[measure]
                parts.append(f"{label} x{value:.2f}")
        lines.append(f"  {name}: {', '.join(parts) or 'no common round'}")
    return lines
