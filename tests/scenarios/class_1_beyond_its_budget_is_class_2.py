"""What an account marks urgent beyond its budget is of class 2, in the queue, the log and the figures."""
# SPEC P4
import re

from metrics import figures
from verbs import *

BUDGET = 2


def story():
    relay = Relay(metrics={"listen": "127.0.0.1:0"}, queue={"urgent_per_minute": BUDGET})
    user = relay.user(sender="app.example", priority=1)
    for number in range(BUDGET + 1):
        relay.send("shop@app.example", "ann@receiver.example", f"code {number}", user=user)

    def logged():
        return re.findall(r"event=accepted .* class=(\d)", relay.log())

    until(lambda: logged() == ["1"] * BUDGET + ["2"], lambda: f"the classes in the log: {logged()}")
    for role in ("gateway", "queue"):
        for number, messages in ((1, BUDGET), (2, 1)):
            same(figures(relay)[f'{role}_accepted_total{{class="{number}"}}'], messages,
                 f"{role}: messages of class {number}")
