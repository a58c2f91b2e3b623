"""What goes wrong, and in which order. It follows from the seed alone."""

import dataclasses
import random

from roles import ROLES
from sink import ORDERS
from steps import STEPS

PARTS = (*ROLES, "redis")
LINKS = (*(f"grpc:{role}" for role in ROLES if role != "gateway"),
         *(f"redis:{role}" for role in ROLES if role != "gateway"))

_PAIRS = tuple((one, two) for one in PARTS for two in PARTS if one != two)

# kind, how often among all weights, what it may be about, for how long (seconds).
_KINDS = (
    ("kill", 20, PARTS, None),
    ("kill-both", 6, _PAIRS, None),
    ("kill-beside-pause", 4, _PAIRS, (0.1, 2.0)),
    ("kill-in-rewrite", 2, ("",), (0.0, 0.1)),
    ("pause", 14, PARTS, (0.1, 2.5)),
    ("cut", 8, LINKS, None),
    ("shut", 5, LINKS, (0.2, 1.5)),
    ("step", 24, tuple(STEPS), None),
    ("sink", 10, ORDERS, (0.3, 4.0)),
    ("sink-down", 2, ("",), (0.2, 2.0)),
    ("enqueue-again", 5, ("",), None),
    ("fsync-slow", 2, ("",), (0.5, 2.0)),
    ("fsync-error", 2, ("",), None),
    ("torn-tail", 3, ("",), (0.0, 1.0)),  # here: which part of what was not synced gets lost
    ("disk-full", 2, ("",), (0.0, 0.5)),
)


@dataclasses.dataclass(frozen=True)
class Fault:
    """gap: seconds of peace before it."""
    number: int
    kind: str
    about: object
    seconds: float
    gap: float

    def __str__(self):
        about = "+".join(self.about) if isinstance(self.about, tuple) else self.about
        return f"{self.number:4} {self.kind} {about} {self.seconds:.2f}"


def make_plan(seed, count):
    rng = random.Random(seed)
    return [_draw(rng, number) for number in range(1, count + 1)]


def each_step():
    """A kill at each step of a message's way, once, in order."""
    return [Fault(number, "step", step, 0.0, 0.1) for number, step in enumerate(STEPS, start=1)]


def _draw(rng, number):
    kind, _, about, seconds = rng.choices(_KINDS, [weight for _, weight, _, _ in _KINDS])[0]
    return Fault(number, kind, rng.choice(about), rng.uniform(*seconds) if seconds else 0.0,
                 rng.uniform(0.0, 0.3))
