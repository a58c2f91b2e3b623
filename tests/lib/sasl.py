"""What a client says in AUTH, by hand, for what ready ones cannot be told to do."""

import base64
import hashlib
import hmac
import secrets

from stage import Failed


def _mac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def plain(user, password):
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


def scram(session, user, password, binding=None, data=b""):
    """SCRAM-SHA-256 (RFC 5802, RFC 7677) in an smtplib session; the reply's code and text. With the name
    of a channel binding, and its data: -PLUS. Raises Failed unless the server proves that it knows the
    user."""
    header = f"p={binding},,".encode() if binding else b"n,,"
    bare = f"n={user},r={secrets.token_hex(12)}".encode()
    mechanism = "SCRAM-SHA-256-PLUS" if binding else "SCRAM-SHA-256"
    code, said = session.docmd("AUTH", f"{mechanism} {base64.b64encode(header + bare).decode()}")
    if code != 334:
        return code, said.decode()
    server_first = base64.b64decode(said)
    nonce, salt, rounds = [field[2:] for field in server_first.split(b",")]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    without_proof = b"c=" + base64.b64encode(header + data) + b",r=" + nonce
    message = b",".join([bare, server_first, without_proof])
    client_key = _mac(salted, b"Client Key")
    signature = _mac(hashlib.sha256(client_key).digest(), message)
    proof = bytes(a ^ b for a, b in zip(client_key, signature))
    final = without_proof + b",p=" + base64.b64encode(proof)
    code, said = session.docmd(base64.b64encode(final).decode())
    if code != 334:
        return code, said.decode()
    expected = b"v=" + base64.b64encode(_mac(_mac(salted, b"Server Key"), message))
    if base64.b64decode(said) != expected:
        raise Failed(f"the server does not know the user: {base64.b64decode(said)!r}")
    code, said = session.docmd("")
    return code, said.decode()
