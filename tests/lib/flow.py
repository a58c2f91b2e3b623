"""Mail that flows steadily over several connections, each message with a key of its own."""

import collections
import re
import smtplib
import threading
import time

from relay import Refused, mail_text
from stage import stage, until

_RETRY_PAUSE = 0.05  # between two tries of a client that was turned away, as clients do


class Flow:
    """Begins at once. A message without a 250 is sent again until it has one.

    accepted: keys answered 250; message_ids: their ids; unanswered: keys of which a try ended
    without an answer, so that nobody knows whether the relay has it.
    """

    def __init__(self, relay, user, messages, connections):
        self.accepted = set()
        self.message_ids = {}
        self.unanswered = set()
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

    @staticmethod
    def count_keys(contents):
        """How often each key stands in these messages' subjects."""
        keys = (re.search(rb"^Subject: (key-\d+)", content, re.MULTILINE) for content in contents)
        return collections.Counter(found[1].decode() for found in keys if found)

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
            self.message_ids[key] = self._relay.send(
                "shop@app.example", "ann@receiver.example", content=content, client=client)
            self.accepted.add(key)
            return client
        except Refused:
            pass  # it was answered: the relay does not have it
        except (OSError, smtplib.SMTPException):
            self.unanswered.add(key)
        client.close()
        return None
