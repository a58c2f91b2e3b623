"""mutt with its own SMTP, composing by itself."""

import pathlib

from client import Client, debian, run

_ALTERNATIVE = """#!/bin/sh
cat >/dev/null
printf 'text/html\\n\\n'
cat '{html}'
"""


def send(letter):
    directory = pathlib.Path(letter.directory)
    scheme = "smtps" if letter.transport == "tls" else "smtp"
    rc = [f'set smtp_url="{scheme}://{letter.user}@{letter.host}:{letter.port}/"',
          f'set smtp_pass="{letter.password}"',
          f'set smtp_oauth_refresh_command="printf %s {letter.password}"',
          f'set smtp_authenticators="{letter.auth.lower()}"',
          f"set ssl_starttls={'yes' if letter.transport == 'starttls' else 'no'}",
          f"set ssl_force_tls={'no' if letter.transport == 'clear' else 'yes'}",
          f'set certificate_file="{letter.ca}" ssl_verify_host ssl_verify_dates',
          f'set from="{letter.sender}" use_envelope_from use_from hostname=client.example',
          'set charset=utf-8 send_charset=us-ascii:utf-8 record="" copy=no']
    if letter.html:
        html, filter_ = directory / "alternative.html", directory / "alternative"
        html.write_text(letter.html, encoding="utf-8")
        filter_.write_text(_ALTERNATIVE.format(html=html))
        filter_.chmod(0o755)
        rc += [f'set send_multipart_alternative=yes send_multipart_alternative_filter="{filter_}"']
    (directory / "muttrc").write_text("\n".join(rc) + "\n", encoding="utf-8")
    words = ["-s", letter.subject]
    words += [word for address in letter.cc for word in ("-c", address)]
    words += [word for address in letter.bcc for word in ("-b", address)]
    words += ["-a", letter.attachment] if letter.attachment else []
    run("mutt", "-n", "-F", directory / "muttrc", *words, "--", *letter.to, stdin=letter.text.encode(),
        environment={"LC_ALL": "C.UTF-8", "HOME": str(directory), "TERM": "dumb"})


CLIENT = Client(
    name="mutt", version=debian("mutt"), send=send,
    mechanisms=("PLAIN", "LOGIN", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER"),
    note="In TLS mutt wants smtp_authenticators set, as to scram-sha-256: by itself it takes "
         "SCRAM-SHA-256-PLUS, for which it has no channel binding, and gives up. (Or the relay has auth_plus: false.)")
