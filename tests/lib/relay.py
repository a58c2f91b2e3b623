"""The relay under test, its administration, and how mail is put into it."""

import collections
import json
import os
import re
import smtplib
import subprocess

from stage import Failed, PATIENCE, Process, stage, until

PROGRAM = os.environ.get("STAFFETTA", "build/release/staffetta")

User = collections.namedtuple("User", "name password account")
# The reply that ended a submission.
Reply = collections.namedtuple("Reply", "code text")


class Refused(Exception):
    """The relay did not take it; .reply says why, .verb to what."""

    def __init__(self, verb, code, text):
        super().__init__(f"{verb}: {code} {text}")
        self.verb = verb
        self.reply = Reply(code, text)


class CliFailed(Exception):
    """A command ended with another code than 0."""

    def __init__(self, code, text):
        super().__init__(f"exit code {code}: {text}")
        self.code = code
        self.text = text


def run_cli(*words, environment=None, seconds=60):
    """Standard output of one run of the program."""
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True,
                          env={**os.environ, **(environment or {})}, timeout=seconds * PATIENCE,
                          check=False)
    if done.returncode != 0:
        raise CliFailed(done.returncode, done.stderr.strip())
    return done.stdout


def mail_text(sender, to, text, headers=""):
    """A small message; `text` is its subject and its body."""
    return (f"From: {sender}\r\nTo: {to}\r\nSubject: {text}\r\n"
            f"Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <{abs(hash(text))}@app.example>\r\n"
            f"{headers}\r\n{text}\r\n").encode()


class Relay:
    """`staffetta serve` with all roles in one process and its own Redis.

    mx, dns: mail goes to the hosts that this name server names, on this server's port. Other
    keywords are sections of the configuration: Relay(delivery={"first_retry": "1s"}).
    """

    _count = 0

    def __init__(self, mx=None, dns=None, data=None, options=(), start=True, **sections):
        Relay._count += 1
        self.name = f"relay-{Relay._count}"
        self.data = data or stage.directory / self.name
        self.options = list(options)
        self.process = None
        self.port = None
        self._account = None
        config = {"hostname": "relay.example", "grpc": {"listen": "127.0.0.1:0"},
                  "gateway": {"ports": "0", "address": "127.0.0.1"}, "threads": 2,
                  "delivery": {"allow_networks": ["127.0.0.0/8"], "idle_timeout": "2s"}}
        if mx is not None:
            config["delivery"]["port"] = mx.port
        if dns is not None:
            config["dns"] = {"servers": [dns.server]}
        for section, keys in sections.items():
            config[section] = {**config.get(section, {}), **keys} if isinstance(keys, dict) else keys
        self.config = stage.directory / f"{self.name}.yaml"
        self.config.write_text(json.dumps(config))  # which is YAML as well
        if start:
            self.start()

    # Its life.

    def start(self):
        self.process = self.launch()
        self.port = int(re.search(r"SMTP ports (\d+)", await_ready(self.process))[1])

    def stop(self):
        """SIGTERM; fails unless it ends in good order."""
        code = self.process.stop()
        if code != 0:
            raise Failed(f"{self.name} ended with {code} after SIGTERM")

    def restart(self):
        self.stop()
        self.start()

    def log(self):
        return self.process.log()

    def launch(self):
        """Starts the program and waits for nothing."""
        return Process(self.name, [PROGRAM, "serve", "--config", self.config, "--data", self.data,
                                   *self.options])

    # Its administration.

    def cli(self, *words):
        """The answer of an administration command."""
        return json.loads(run_cli(*words, "--json", *self._cli_target(words[0])))

    def _cli_target(self, group):
        return ["--data", self.data]

    def account(self, channel="shared"):
        created = self.cli("accounts", "create", "customer", "--channel", channel)
        return created["account"]["account_id"]

    def user(self, sender="app.example", priority=None, network=None, account=None, active=True,
             verified=True):
        """A user that may send as `sender`, a verified domain or address."""
        if account is None:
            self._account = self._account or self.account()
            account = self._account
        words = ["users", "create", "--account", account, "--sender", sender]
        words += ["--priority", priority] if priority else []
        words += ["--network", network] if network else []
        created = self.cli(*words)
        user = User(created["user"]["user"], created["password"], account)
        if verified:
            self.cli("senders", "verify", "--account", account, "--by-operator", sender)
        if active:
            self.cli("users", "activate", user.name)
        return user

    def inbox(self, account):
        """What the sandbox captured, the oldest first."""
        answer = self.cli("inbox", "list", "--account", account, "--limit", 0)
        return answer["messages"][::-1]

    def queue_stats(self):
        """messages, ready (by class), due_later, leased; as numbers."""
        stats = self.cli("queue", "stats")
        ready = {int(one["class"]): int(one["ready"]) for one in stats["classes"]}
        return {"ready": ready, **{key: int(stats[key])
                                   for key in ("messages", "due_later", "leased")}}

    def queue_empty(self):
        return self.queue_stats()["messages"] == 0

    def events(self, message_id=None, kind=None):
        """What happened so far, oldest first; kind: as "sender-refused"."""
        words = ["events", "watch", "--from", "0", "--until-now", "--json"]
        words += ["--message", message_id] if message_id else []
        words += ["--type", kind] if kind else []
        lines = run_cli(*words, *self._cli_target("events")).splitlines()
        return [json.loads(line) for line in lines]

    def kinds(self, message_id):
        """Its events' types in order, as "accepted"."""
        return [event["type"].removeprefix("EVENT_TYPE_").lower().replace("_", "-")
                for event in self.events(message_id)]

    # Mail.

    def session(self, user=None, port=None, timeout=60):
        """An SMTP client, logged in when there is a user."""
        client = smtplib.SMTP("127.0.0.1", port or self.port, local_hostname="client.example",
                              timeout=timeout * PATIENCE)
        stage.at_the_end(client.close)
        client.ehlo()
        if user is not None:
            _checked("AUTH", 235, client.login, user.name, user.password)
        return client

    def send(self, sender, to, text="hello", user=None, header_from=None, headers="",
             content=None, client=None, mail_options=(), rcpt_options=()):
        """Submits a message; its id. Raises Refused with the reply that stopped it."""
        recipients = [to] if isinstance(to, str) else to
        content = content or mail_text(header_from or sender, recipients[0], text, headers)
        own = client is None
        client = client or self.session(user)
        _checked("MAIL", 250, client.mail, sender, list(mail_options))
        for recipient in recipients:
            _checked("RCPT", 250, client.rcpt, recipient, list(rcpt_options))
        reply = _checked("DATA", 250, client.data, content)
        if own:
            client.quit()
        return re.search(r"queued as (\S+)", reply.text)[1]

    def refusal(self, *arguments, **keywords):
        """The reply that stops this submission; fails when none does."""
        try:
            message_id = self.send(*arguments, **keywords)
        except Refused as refused:
            return refused.reply
        raise Failed(f"it was queued as {message_id}")


def _checked(verb, wanted, command, *arguments):
    try:
        code, text = command(*arguments)
    except smtplib.SMTPResponseException as error:
        code, text = error.smtp_code, error.smtp_error
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    if code != wanted:
        raise Refused(verb, code, text)
    return Reply(code, text)


def await_ready(process, seconds=60):
    """The line that says so."""

    def line():
        if not process.alive():
            raise Failed(f"{process.name} ended with {process.ended()} before it was ready")
        return re.search(r"ready: roles .*", process.log())

    return until(line, f"{process.name} to be ready", seconds)[0]
