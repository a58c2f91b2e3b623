"""Mail that flows steadily over several connections, each message with a key of its own."""

import collections
import re
import smtplib
import threading
import time

from relay import Refused, mail_text
from stage import same, stage, until

_RETRY_PAUSE = 0.05  # between two tries of a client that was turned away, as clients do


class Flow:
    """Begins at once. A message without a 250 is sent again until it has one.

    accepted: keys answered 250, with the ids that the answers gave. in_doubt: keys of which a try
    ended without an answer, or with "try again" for the end of data: the relay may have it or not.
    """

    def __init__(self, relay, user, messages, connections):
        self.accepted = {}
        self.in_doubt = set()
        self._relay = relay
        self._user = user
        self._keys = collections.deque(f"key-{number:06d}" for number in range(messages))
        self._ended = False
        threads = [threading.Thread(target=self._send_all, daemon=True)
                   for _ in range(connections)]
        stage.at_the_end(self._end, threads)
        for thread in threads:
            thread.start()

    def wait_for(self, count, seconds=300):
        until(lambda: len(self.accepted) >= count,
              lambda: f"{count} messages to be accepted; {len(self.accepted)} are", seconds)

    def all_arrived(self, relay, mx, seconds=120):
        """Waits until all that was answered 250 is at mx and the queue is empty, then judges: a
        second copy needs an uncertain event, a second id a try in doubt, and each id has exactly
        one event accepted and one delivered. Says in words what happened."""
        until(lambda: not self._missing(mx), lambda: f"lost: {self._missing(mx)}", seconds)
        until(relay.queue_empty, "the queue to be empty", seconds)
        arrived = [_identity(mail) for mail in mx.mails]
        uncertain = {event["message_id"] for event in relay.events(kind="uncertain")}
        repeated = _more_than_once(message_id for _, message_id in arrived)
        resent = _more_than_once(key for key, _ in set(arrived))
        same(repeated - uncertain, set(), "second copies that no event announced")
        same(resent - self.in_doubt, set(), "messages queued twice although 250 was said once")
        for kind in ("accepted", "delivered"):
            told = collections.Counter(event["message_id"] for event in relay.events(kind=kind))
            wrong = {key: told[key] for key in self.accepted.values() if told[key] != 1}
            same(wrong, {}, f"messages answered 250 without exactly one event \"{kind}\"")
        return (f"{len(self.accepted)} answered 250, {len(self.in_doubt)} sent again by the client, "
                f"{len(uncertain)} uncertain; lost 0; sent twice by the relay {len(repeated)}, "
                f"by the client {len(resent)}")

    def _missing(self, mx):
        """Keys that were answered 250 and have not arrived."""
        return sorted(self.accepted.keys() - {_identity(mail)[0] for mail in list(mx.mails)})

    def _end(self, threads):
        self._ended = True
        for thread in threads:
            thread.join(60)

    def _send_all(self):
        client = None
        while not self._ended:
            try:
                key = self._keys.popleft()
            except IndexError:
                return
            while not self._ended and key not in self.accepted:
                client = self._try(key, client)
                if client is None:
                    time.sleep(_RETRY_PAUSE)

    def _try(self, key, client):
        """Sends it; the connection to go on with, None: a new one."""
        try:
            client = client or self._relay.session(self._user, timeout=15)
        except (OSError, smtplib.SMTPException, Refused):
            return None
        try:
            content = mail_text("shop@app.example", "ann@receiver.example", key)
            self.accepted[key] = self._relay.send(
                "shop@app.example", "ann@receiver.example", content=content, client=client)
            return client
        except Refused as refused:
            if refused.verb == "DATA":
                self.in_doubt.add(key)
        except (OSError, smtplib.SMTPException):
            self.in_doubt.add(key)
        client.close()
        return None


def _identity(mail):
    """The key of a mail that arrived, and the id that the relay gave it."""
    key = re.search(rb"^Subject: (key-\d+)", mail.content, re.MULTILINE)
    message_id = re.search(rb"^Received: .*?\sid (\w+)", mail.content, re.DOTALL)
    return key[1].decode(), message_id[1].decode()


def _more_than_once(values):
    return {value for value, count in collections.Counter(values).items() if count > 1}
