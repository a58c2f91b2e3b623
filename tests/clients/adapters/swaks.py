"""swaks, the tester's own client."""

import pathlib

from client import Client, debian, run

_TRANSPORT = {"clear": [], "starttls": ["--tls"], "tls": ["--tls-on-connect"]}


def send(letter):
    # It puts a line end of its own behind the content.
    data = pathlib.Path(letter.directory) / "data"
    data.write_bytes(letter.raw_bytes.removesuffix(b"\r\n"))
    run("swaks", "--server", letter.host, "--port", letter.port, *_TRANSPORT[letter.transport],
        "--tls-verify", "--tls-ca-path", letter.ca, "--auth", letter.auth, "--auth-user", letter.user,
        "--auth-password", letter.password, "--from", letter.sender,
        "--to", ",".join(letter.recipients), "--data", f"@{data}", "--suppress-data")


CLIENT = Client(
    name="swaks", version=debian("swaks"), send=send, mechanisms=("PLAIN", "LOGIN"), exact=True,
    cannot={"utf8-address": "swaks does not ask for SMTPUTF8."})
