"""The corpus of SMTP dialogues, over real sockets: each reply is the one that the corpus promises."""
# SPEC S4, S5, V6: what the dialogues in tests/dialogues are about.
import pathlib
import subprocess

from verbs import *

LIVE = pathlib.Path(__file__).resolve().parent.parent / "dialogues" / "live"


def story():
    relay = Relay()
    account = relay.account(channel="sandbox")
    user = relay.user(sender="app.example", account=account)

    done = subprocess.run(["/usr/bin/python3", LIVE, "127.0.0.1", str(relay.port), user.name,
                           user.password, "shop@app.example"],
                          capture_output=True, text=True, timeout=240 * PATIENCE, check=False)

    holds(done.returncode == 0, done.stdout + done.stderr)
    holds(relay.inbox(account), "nothing of it arrived")
