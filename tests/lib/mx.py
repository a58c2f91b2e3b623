"""A remote mail server: records what it takes, and answers as it is told."""

import collections
import ssl
import subprocess
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from stage import free_port, stage, until

# What a transaction brought: the reverse path, the recipients that were taken, the content octet by
# octet as it was before dot-stuffing, and whether it came over TLS.
Mail = collections.namedtuple("Mail", "sender recipients content tls")

_NOTHING = object()


class _Server(SMTP):
    """aiosmtpd asks its handler about MAIL, RCPT and the end of data; this adds DATA itself."""

    async def smtp_DATA(self, arg):
        answer = self.event_handler.scripted("DATA")
        if answer is _NOTHING:
            await super().smtp_DATA(arg)
        elif answer is None:
            self.transport.abort()
        else:
            await self.push(answer)


class Mx:
    """Listens on loopback until the story ends.

    mx.reply("RCPT", "451 4.2.0 later", times=1) answers the next RCPT so; `about` restricts it to
    one address. Verbs: MAIL, RCPT, DATA, EOD (the end of data). A reply None hangs up instead; at
    EOD the mail has been taken then. With `tls` it offers STARTTLS; what is in `without` (as
    "8BITMIME") it does not offer.
    """

    def __init__(self, address="127.0.0.1", port=None, tls=False, without=()):
        self.address = address
        self.port = port or free_port(address)
        self.mails = []
        self.commands = []  # (verb, argument), in order
        self._scripts = []
        self._without = tuple(without)
        self._tls = own_certificate(address) if tls else None
        self._lock = threading.Lock()
        self._controller = None
        stage.at_the_end(self.stop)
        self.start()

    def start(self):
        self._controller = Controller(
            self, hostname=self.address, port=self.port, server_hostname="mx.receiver.example",
            data_size_limit=64 << 20)
        self._controller.factory = lambda: _Server(
            self, hostname="mx.receiver.example", data_size_limit=64 << 20,
            enable_SMTPUTF8="SMTPUTF8" not in self._without,
            tls_context=self._tls, loop=self._controller.loop)
        self._controller.start()

    def stop(self):
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def reply(self, verb, text, times=1, about=None):
        with self._lock:
            self._scripts.append({"verb": verb, "text": text, "times": times, "about": about})

    def scripted(self, verb, argument=None):
        """The answer that was ordered for this command, _NOTHING: none was."""
        with self._lock:
            self.commands.append((verb, argument))
            for script in self._scripts:
                if script["verb"] == verb and script["times"] and script["about"] in (None, argument):
                    script["times"] -= 1
                    return script["text"]
        return _NOTHING

    def count(self, verb, argument=None):
        with self._lock:
            return sum(1 for said, about in self.commands
                       if said == verb and argument in (None, about))

    def to(self, recipient):
        """What was taken for this recipient."""
        return [mail for mail in self.mails if recipient in mail.recipients]

    def wait(self, count=1, seconds=30):
        """All mails taken so far, when there are at least so many."""
        until(lambda: len(self.mails) >= count,
              lambda: f"{count} mails at {self.address}; there are {len(self.mails)}; "
                      f"it heard {self.commands[-20:]}", seconds)
        return list(self.mails)

    # What aiosmtpd calls.

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [line for line in responses if not line[4:].startswith(self._without)]

    async def handle_MAIL(self, server, session, envelope, address, options):
        answer = self.scripted("MAIL", address)
        if answer is _NOTHING:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return _reply(answer, "250 2.1.0 OK", server)

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.scripted("RCPT", address)
        if answer is _NOTHING:
            envelope.rcpt_tos.append(address)
        return _reply(answer, "250 2.1.5 OK", server)

    async def handle_DATA(self, server, session, envelope):
        answer = self.scripted("EOD")
        if answer is _NOTHING or answer is None:
            sender = "" if envelope.mail_from == "<>" else envelope.mail_from
            self.mails.append(Mail(sender, list(envelope.rcpt_tos), envelope.original_content,
                                   session.ssl is not None))
        return _reply(answer, "250 2.0.0 taken", server)


def _reply(answer, otherwise, server):
    if answer is None:
        server.transport.abort()
    return otherwise if answer is _NOTHING else answer or ""


def own_certificate(name):
    """A TLS context with a certificate that nobody has signed, as most mail servers have."""
    files = [str(stage.directory / f"{name}.{kind}") for kind in ("crt", "key")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context
