"""The services answer those who hold the operator's key, which nobody else can read."""
# SPEC I1, O4: UNAUTHENTICATED without a key; the key file is private.
import itertools
import stat

from verbs import *


def story():
    relay = Relay()
    relay.cli("accounts", "list")
    key_file = relay.data / "operator.key"
    same(stat.S_IMODE(key_file.stat().st_mode), 0o600, "the key file's mode")

    other = stage.directory / "other.key"
    other.write_text("A" * 43 + "\n")
    other.chmod(0o600)
    wrong = ((("--key-file", other), {}), ((), {"STAFFETTA_KEY": "wrong"}))
    for command, (words, environment) in itertools.product(
            (("accounts", "list"), ("edge", "status")), wrong):
        try:
            print(run_cli(*command, "--data", relay.data, *words, environment=environment))
        except CliFailed as failed:
            same(failed.code, 1, "the exit code")
            holds("do not know the key" in failed.text, failed.text)
            continue
        raise Failed("it was answered")

    key = key_file.read_text().strip()
    run_cli("accounts", "list", "--server", endpoint(relay), environment={"STAFFETTA_KEY": key})


def endpoint(relay):
    return (relay.data / "grpc.endpoint").read_text().strip()
