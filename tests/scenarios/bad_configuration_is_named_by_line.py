"""A mistake in the configuration is found before it does harm, with file, line, key and reason."""
# SPEC O1: strict configuration.
import re

from verbs import *

MISTAKES = (("gatewai:\n  ports: 25\n", 1, "gatewai"),
            ("gateway:\n  ports: 2525\n  max_mesage_size: 1MiB\n", 3, "gateway.max_mesage_size"),
            ("# hello\nqueue:\n  lease_time: soon\n", 3, "queue.lease_time"),
            ("gateway:\n  ports: 25,70000\n", 2, "gateway.ports"),
            ("delivery:\n  allow_networks:\n    - 10.0.0.0/33\n", 3, "delivery.allow_networks"))


def story():
    file = stage.directory / "staffetta.yaml"
    for text, line, key in MISTAKES:
        file.write_text(text)
        for words in (("check-config", file),
                      ("serve", "--config", file, "--data", stage.directory / "data")):
            try:
                run_cli(*words)
            except CliFailed as failed:
                same(failed.code, 2, "the exit code")
                wanted = rf"{re.escape(str(file))}:{line}: {re.escape(key)}\S*: \S.*"
                holds(re.search(wanted, failed.text), f"{wanted} is not in: {failed.text}")
                continue
            raise Failed(f"{words[0]} took {text!r}")
