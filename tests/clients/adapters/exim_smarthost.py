"""Exim with the relay as its smarthost (manualroute)."""

import exim
from client import Client
from stage import Failed

_REST = """
begin routers
smarthost:
  driver = manualroute
  transport = relay
  route_list = * {host} byname
  self = send

begin transports
relay:
  driver = smtp
  port = {port}
  hosts_require_auth = *
  {tls}

begin retry
* * F,1h,1m

begin authenticators
{mechanism}
"""
_TLS = "tls_verify_certificates = {ca}\n  tls_verify_hosts = *\n  tls_verify_cert_hostnames = *\n"
_TRANSPORT = {"clear": "hosts_avoid_tls = *", "starttls": _TLS + "  hosts_require_tls = *",
              "tls": _TLS + "  protocol = smtps"}
_MECHANISM = {"PLAIN": "client_send = ^{user}^{password}", "LOGIN": "client_send = : {user} : {password}"}


def send(letter):
    mechanism = _MECHANISM[letter.auth].format(user=letter.user, password=letter.password)
    server = exim.Exim("message_size_limit = 50M", _REST.format(
        host=letter.host, port=letter.port, tls=_TRANSPORT[letter.transport].format(ca=letter.ca),
        mechanism=f"client:\n  driver = plaintext\n  public_name = {letter.auth}\n  {mechanism}\n"))
    server.submit(letter.sender, letter.recipients, letter.raw_bytes)
    log = server.log()
    sent = log.count(" => ") + log.count(" -> ")
    if sent != len(letter.recipients):
        raise Failed(f"Exim: {log}")


CLIENT = Client(name="Exim", version=exim.version, send=send, prepare=exim.unpack, exact=True,
                mechanisms=("PLAIN", "LOGIN"))
