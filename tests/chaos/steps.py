"""The steps of a message's way at which somebody is killed, as they are seen from outside.

A probe message has a recipient that no other has: its address is seen in what passes from part to
part. A trap waits for it at one place and kills before the bytes go on, so that the kill falls into
exactly this step, whatever the parts look like inside.
"""

import collections

UP, DOWN, ANSWER = "up", "down", "answer"  # to the server, from it, what it says to what went UP

# place: a link (proxy.py), "sink" or "client"; nth: which passing of the address there.
Step = collections.namedtuple("Step", "place direction nth victim")

STEPS = {
    "before-the-enqueue": Step("grpc:queue", UP, 1, "queue"),
    "before-the-write": Step("redis:queue", UP, 1, "queue"),
    "before-the-write-redis": Step("redis:queue", UP, 1, "redis"),
    "after-the-write": Step("redis:queue", ANSWER, 1, "queue"),
    "after-the-write-redis": Step("redis:queue", ANSWER, 1, "redis"),
    "before-the-250": Step("grpc:queue", ANSWER, 1, "gateway"),
    "after-the-250": Step("client", "accepted", 1, "gateway"),
    "after-the-250-redis": Step("client", "accepted", 1, "redis"),
    "leased-unknown-to-queue": Step("redis:queue", DOWN, 1, "queue"),
    "leased-unknown-to-delivery": Step("grpc:queue", DOWN, 1, "queue"),
    "before-the-work": Step("grpc:queue", DOWN, 1, "delivery"),
    "before-the-content": Step("sink", "DATA", 1, "delivery"),
    "before-the-end-of-data": Step("sink", "content", 1, "delivery"),
    "after-the-end-of-data": Step("sink", "taken", 1, "delivery"),
    "after-the-remote-250": Step("sink", "answered", 1, "delivery"),
    "before-the-report": Step("grpc:queue", UP, 2, "delivery"),
    "report-on-its-way": Step("grpc:queue", UP, 2, "queue"),
    "before-the-completion": Step("redis:queue", UP, 2, "queue"),
    "before-the-completion-redis": Step("redis:queue", UP, 2, "redis"),
    "after-the-completion": Step("redis:queue", ANSWER, 2, "queue"),
    "after-the-completion-redis": Step("redis:queue", ANSWER, 2, "redis"),
    "before-the-report-is-confirmed": Step("grpc:queue", ANSWER, 2, "delivery"),
}


class Trap:
    """Waits for `marker` at a step and calls `action` when it comes; once."""

    def __init__(self, step, marker, action):
        self.step = step
        self.sprung = False
        self._marker = marker
        self._action = action
        self._seen = 0
        self._awaited = None  # the connection and stream whose answer is the step

    def passes(self, place, direction, data, stream=None):
        """True: it has sprung, and the bytes must not go on."""
        if self.sprung or place != self.step.place:
            return False
        if direction == DOWN and self._awaited is not None and self._awaited == stream:
            return self._spring()
        wanted = UP if self.step.direction == ANSWER else self.step.direction
        if direction != wanted or self._marker not in data:
            return False
        self._seen += 1
        if self._seen != self.step.nth:
            return False
        if self.step.direction == ANSWER:
            self._awaited = stream
            return False
        return self._spring()

    def _spring(self):
        self.sprung = True
        self._action()
        return True


class Traps:
    """Those that are armed."""

    def __init__(self):
        self._armed = []

    def arm(self, step, marker, action):
        trap = Trap(step, marker, action)
        self._armed.append(trap)
        return trap

    def disarm(self, trap):
        self._armed.remove(trap)

    def passes(self, place, direction, data, stream=None):
        return any([trap.passes(place, direction, data, stream) for trap in self._armed])
