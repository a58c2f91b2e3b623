"""An issuer of bearer tokens: JWT signed with Ed25519."""

import base64
import json
import subprocess
import tempfile
import time

from stage import stage


def _b64(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


class Issuer:
    """`config` is its entry in auth.oauth_issuers."""

    def __init__(self, name="https://id.example", audience="relay"):
        self._key = stage.directory / "issuer.key"
        public = stage.directory / "issuer.pem"
        self._claims = {"iss": name, "aud": audience}
        self.config = {"issuer": name, "audience": audience, "key_file": str(public)}
        for words in (["genpkey", "-algorithm", "ed25519", "-out", self._key],
                      ["pkey", "-in", self._key, "-pubout", "-out", public]):
            subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    def token(self, user, seconds=600, **claims):
        """A token for that user, good for so long."""
        claims = {**self._claims, "sub": user, "exp": int(time.time()) + seconds, **claims}
        text = ".".join(_b64(json.dumps(part).encode())
                        for part in ({"alg": "EdDSA", "typ": "JWT"}, claims))
        with tempfile.NamedTemporaryFile("w", dir=stage.directory) as file:
            file.write(text)
            file.flush()
            signed = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey",
                                     str(self._key), "-in", file.name], check=True,
                                    capture_output=True)
        return f"{text}.{_b64(signed.stdout)}"
