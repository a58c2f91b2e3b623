"""What the dashboard and the alert rules ask for is really told, and what is told is documented."""
# SPEC O5: names, labels and the values that are asked for; the rules are complete.
import json
import pathlib
import re

import yaml

from metrics import scrape
from verbs import *

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = re.compile(r"^(staffetta_\w+)(?:\{(.*)\})? \S+$", re.MULTILINE)
SELECTOR = re.compile(r"(staffetta_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(=~?)"([^"]*)"')


def story():
    told = figures_of_a_relay_at_work()
    dashboard = json.loads((ROOT / "deploy/grafana/staffetta.json").read_text())
    groups = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    holds(len(rules) > 10 and len(asked) > 20, "rules or panels are missing")

    for expression in asked + [rule["expr"] for rule in rules]:
        check(expression, told)
    for rule in rules:
        holds(rule["alert"].startswith("Staffetta"), f"{rule['alert']} is whose?")
        holds(rule["labels"]["severity"] in ("warning", "critical"), f"{rule['alert']}: severity")
        same(sorted(rule["annotations"]), ["description", "summary"], rule["alert"])
    same(len({rule["alert"] for rule in rules}), len(rules), "different names of alerts")
    same(len({panel["id"] for panel in panels}), len(panels), "different ids of panels")

    documented = (ROOT / "docs/operations.md").read_text()
    for name in {re.sub("_(bucket|sum|count)$", "", name) for name in told}:
        holds(f"`{name.removeprefix('staffetta_')}" in documented, f"{name} is not documented")


def figures_of_a_relay_at_work():
    """Each name's samples, as their labels."""
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = Relay(mx=mx, dns=dns, metrics={"listen": "127.0.0.1:0"})
    user = relay.user(sender="app.example")
    relay.send("shop@app.example", "ann@receiver.example", user=user)
    relay.refusal("eve@other.example", "ann@receiver.example", user=user)
    mx.wait(1)
    until(relay.queue_empty, "the queue to be empty")
    told = {}
    for name, labels in SAMPLE.findall(scrape(relay)):
        told.setdefault(name, []).append(dict(re.findall(r'(\w+)="([^"]*)"', labels)))
    return told


def check(expression, told):
    wanted = set()
    for grouping in re.findall(r"\bby \(([^)]*)\)", expression):
        wanted |= set(grouping.split(", "))
    selectors = SELECTOR.findall(expression)
    holds(selectors, f"it asks for nothing of ours: {expression}")
    for name, matchers in selectors:
        holds(name in told, f"nobody tells {name}, which {expression} asks for")
        labels = set().union(*told[name])
        holds(wanted <= labels, f"{name} has labels {sorted(labels)}, not those of {expression}")
        for label, kind, value in MATCHER.findall(matchers):
            for each in value.split("|") if kind == "=~" else [value]:
                holds(any(sample.get(label) == each for sample in told[name]),
                      f"no {name} has {label}=\"{each}\", which {expression} asks for")
