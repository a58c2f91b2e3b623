"""A private Staffetta: all roles in one process with its embedded Redis, own data, own ports."""

import json
import os
import subprocess

import process

HERE = os.path.dirname(os.path.abspath(__file__))
DOMAIN = "bench.example"    # the domain of load.SENDER


class Staffetta:
    name = "staffetta"

    def __init__(self, directory, sink_port, program):
        self.directory = directory
        self.port = process.free_port()
        self.process = None
        self._program = program
        self._config = f"{directory}/staffetta.yaml"
        self._data = f"{directory}/data"
        self._values = {"PORT": self.port, "GRPC_PORT": process.free_port(),
                        "SINK_PORT": sink_port}

    def __enter__(self):
        os.mkdir(self._data)
        process.fill(f"{HERE}/staffetta.yaml.in", self._config, self._values)
        with open(f"{self.directory}/log", "wb") as log:
            self.process = process.spawn(
                [self._program, "serve", "--config", self._config, "--data", self._data],
                stdout=log, stderr=log)
        try:
            process.wait_for_banner(self.port, self.process, "Staffetta")
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        process.stop(self.process)

    def prepare(self):
        """smtp-source cannot authenticate: a user opens the loopback network to it."""
        account = self._cli("accounts", "create", "bench")["account"]["account_id"]
        user = self._cli("users", "create", "--account", account, "--sender", DOMAIN,
                         "--network", "127.0.0.0/8")["user"]["user"]
        self._cli("senders", "verify", "--account", account, "--by-operator", DOMAIN)
        self._cli("users", "activate", user)

    def _cli(self, *arguments):
        """One administration command; its answer."""
        command = [self._program, *map(str, arguments), "--json", "--data", self._data]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode != 0:
            raise process.Failed(f"staffetta {' '.join(map(str, arguments))}: "
                                 f"{done.stderr.strip() or done.returncode}")
        return json.loads(done.stdout or "{}")
