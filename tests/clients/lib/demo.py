"""The relay under test: `serve --demo`, with a certificate that clients can verify, and what it offers."""

import json
import smtplib
import ssl
import subprocess

from relay import Relay, run_cli
from stage import free_port, stage
from tokens import Issuer

HOST = "localhost"


class Demo:
    """host, user, password, sender as the demo gives them; `port` and `tls_port` (None: it has no
    port with implicit TLS); `ca` is the file that verifies its certificate."""

    def __init__(self):
        self.host = HOST
        self.ca, certificate, key = _certificates()
        gateway = {"tls_certificate": certificate, "tls_key": key}
        self.tls_port = free_port() if "tls_ports" in _all_keys() else None
        if self.tls_port:
            gateway["tls_ports"] = str(self.tls_port)
        out = stage.directory / "demo.json"
        self._issuer = Issuer()
        self._relay = Relay(
            options=["--demo", "--demo-out", out], auth={"oauth_issuers": [self._issuer.config]},
            gateway={"ports": "0", "address": "127.0.0.1", **gateway},
            delivery={"sandbox_messages": 10000})
        demo = json.loads(out.read_text())
        [self.port] = [int(port) for port in demo["ports"] if int(port) != self.tls_port]
        self.sender, self.user, self.password = demo["sender"], demo["user"], demo["password"]
        self.offers = {"clear": self._offer(), "starttls": self._offer(starttls=True)}
        self.offers["tls"] = self._offer(implicit=True) if self.tls_port else None

    def offered(self, case, mechanism, transport):
        """Whether the relay says that it can take this."""
        offer = self.offers[transport]
        return (offer is not None and mechanism in offer["auth"].split()
                and (case != "utf8-address" or "smtputf8" in offer))

    def secret(self, mechanism):
        """What the mechanism shows: the password, or a token."""
        tokens = mechanism in ("XOAUTH2", "OAUTHBEARER")
        return self._issuer.token(self.user) if tokens else self.password

    def captures(self, tag):
        """What the sandbox has for this tag's recipients, without content."""
        listed = self._relay.cli("inbox", "list", "--account", 1, "--limit", 40)["messages"]
        return [one for one in listed if any(f"+{tag}@" in to for to in one["recipients"])]

    def show(self, number):
        return self._relay.cli("inbox", "show", "--account", 1, number)["message"]

    def _offer(self, starttls=False, implicit=False):
        context = ssl.create_default_context(cafile=self.ca)
        if implicit:
            client = smtplib.SMTP_SSL(HOST, self.tls_port, timeout=30, context=context)
        else:
            client = smtplib.SMTP(HOST, self.port, timeout=30)
        with client:
            if starttls:
                client.starttls(context=context)
            client.ehlo()
            return {"auth": "", **client.esmtp_features}


def _all_keys():
    """Of the configuration, with their defaults."""
    empty = stage.directory / "empty.yaml"
    empty.write_text("{}")
    return run_cli("check-config", empty)


def _certificates():
    """A CA and a certificate for localhost; the files of CA, certificate and key."""
    files = [str(stage.directory / name) for name in ("ca.pem", "tls.pem", "tls.key", "ca.key")]
    ca, certificate, key, ca_key = files
    elliptic = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    for command in (
            ["req", "-x509", *elliptic, "-subj", "/CN=Staffetta test CA", "-out", ca, "-keyout",
             ca_key, "-addext", "keyUsage=critical,keyCertSign"],
            ["req", "-x509", *elliptic, "-subj", "/CN=localhost", "-out", certificate, "-keyout", key,
             "-CA", ca, "-CAkey", ca_key, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-addext", "basicConstraints=critical,CA:FALSE"]):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    return ca, certificate, key
