"""Holds what was answered, what arrived and what the relay says about itself against each other.

The unit is one recipient of one message: accepted = delivered + bounced, and each fault of the
books is a line.
"""

import collections

from generator import Answer, key_of

_SHOWN = 20  # lines for each fault of the books


class Books:
    """faults: what does not fit, by rule."""

    def __init__(self, mails, copies, events):
        self.faults = collections.defaultdict(list)
        self._mails = mails
        self._events = events
        self._copies = collections.Counter()     # (message id, recipient), bounces too
        self._ids = collections.defaultdict(set)  # message ids that arrived for a key
        self._bounced = collections.Counter()    # (message id, recipient that failed)
        self._uncertain = collections.Counter()  # (message id, recipient)
        self.accepted = self.delivered = self.bounced = self.lost = self.duplicated = 0
        self.doubtful = self.doubtful_arrived = 0
        self._read_copies(copies)
        self.unknown = self._read_uncertain()
        self._judge_mails()
        self._judge_copies()
        self._judge_events()

    def line(self):
        return (f"accepted={self.accepted} delivered={self.delivered} bounced={self.bounced} "
                f"lost={self.lost} duplicated={self.duplicated} unknown={self.unknown}")

    def balance(self):
        return (not self.faults and self.lost == 0 and self.duplicated <= self.unknown
                and self.accepted == self.delivered + self.bounced)

    def report(self):
        answers = collections.Counter(mail.answer.value for mail in self._mails.values())
        lines = [f"messages {dict(answers)}; doubtful recipients {self.doubtful}, "
                 f"of which arrived {self.doubtful_arrived}"]
        for rule, cases in self.faults.items():
            lines.append(f"{rule}: {len(cases)}")
            lines.extend(f"    {case}" for case in cases[:_SHOWN])
        return "\n".join(lines)

    def _read_copies(self, copies):
        for copy in copies:
            self._copies[copy.message_id, copy.recipient] += 1
            if copy.bounce_of is not None:
                for recipient in copy.failed:
                    self._bounced[copy.bounce_of, recipient] += 1
                self._ids[key_of(copy.recipient)].add(copy.bounce_of)
                continue
            self._ids[key_of(copy.recipient)].add(copy.message_id)
            if not copy.intact:
                self.faults["damaged"].append((copy.message_id, copy.recipient))

    def _read_uncertain(self):
        for event in self._of("UNCERTAIN"):
            for recipient in event.get("recipients", ()):
                self._uncertain[event["message_id"], recipient] += 1
        return sum(self._uncertain.values())

    def _judge_mails(self):
        for mail in self._mails.values():
            ids = self._ids[mail.key]
            if mail.answer == Answer.REFUSED and ids:
                self.faults["delivered although refused"].append((mail.key, mail.reply, ids))
            if len(ids | ({mail.message_id} - {None})) > 1:
                self.faults["queued more than once"].append((mail.key, mail.reply, ids))
            if mail.answer == Answer.DOUBTFUL:
                self.doubtful += len(mail.recipients)
                self.doubtful_arrived += len(mail.recipients) if ids else 0
            if mail.answer == Answer.ACCEPTED:
                for recipient in mail.recipients:
                    self._judge_recipient(mail, recipient)

    def _judge_recipient(self, mail, recipient):
        self.accepted += 1
        arrived = self._copies[mail.message_id, recipient] > 0
        bounced = self._bounced[mail.message_id, recipient] > 0
        self.delivered += arrived
        self.bounced += bounced
        if not arrived and not bounced:
            self.lost += 1
            self.faults["lost"].append((mail.message_id, recipient, f"answered at {mail.at:.3f}"))
        if arrived and bounced:
            self.faults["delivered and bounced"].append((mail.message_id, recipient))

    def _judge_copies(self):
        for (message_id, recipient), count in self._copies.items():
            self.duplicated += count - 1
            if count - 1 > self._uncertain[message_id, recipient]:
                self.faults["duplicates that nobody announced"].append(
                    (message_id, recipient, f"{count} copies",
                     f"{self._uncertain[message_id, recipient]} uncertain"))

    def _judge_events(self):
        """Exactly one event for each change: what was queued, and what became of each recipient."""
        queued = collections.Counter(event["message_id"] for event in self._of("ACCEPTED"))
        ends = collections.Counter()
        for kind in ("DELIVERED", "FAILED"):
            for event in self._of(kind):
                ends.update((event["message_id"], one) for one in event.get("recipients", ()))
        answered = {mail.message_id for mail in self._mails.values() if mail.message_id}
        for message_id in answered:
            if queued[message_id] != 1:
                self.faults["without exactly one event accepted"].append(
                    (message_id, queued[message_id]))
        for event in self._of("ACCEPTED"):
            for recipient in event["recipients"]:
                known = (event["message_id"], recipient)
                if ends[known] != 1:
                    self.faults["without exactly one event delivered or failed"].append(
                        (*known, ends[known]))
                if event["message_id"] not in answered and not (
                        self._copies[known] or self._bounced[known]):
                    self.lost += 1
                    self.faults["queued without a 250, and lost"].append(known)

    def _of(self, kind):
        return (event for event in self._events if event["type"] == "EVENT_TYPE_" + kind)
