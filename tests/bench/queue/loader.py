"""The load generator: queue_bench_load (load.cc), asked one thing at a time."""

import json
import select
import subprocess
import time

import process


class Loader:
    def __init__(self, program, directory, urgent_port=None):
        ports = [] if urgent_port is None else [str(urgent_port)]
        self._process = subprocess.Popen([program, directory, *ports], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        process.stop(self._process, 5)
        self._process.stdout.close()

    def begin(self, command):
        try:
            self._process.stdin.write(f"{command}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise process.Failed("the load generator ended") from error

    def answered(self, seconds):
        """Whether the answer comes within SECONDS."""
        return bool(select.select([self._process.stdout], [], [], max(0, seconds))[0])

    def end(self, command, seconds):
        """The answer to what was begun."""
        if not self.answered(seconds):
            raise process.Failed(f"{command}: no answer within {seconds:.0f} s")
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the load generator ended"}
        if "error" in answer:
            raise process.Failed(f"{command}: {answer['error']}")
        return answer

    def ask(self, command, seconds):
        self.begin(command)
        return self.end(command, seconds)

    def ask_while(self, command, look, window, seconds):
        """Calls LOOK every few milliseconds for WINDOW seconds and, when there is a COMMAND, until
        it is answered. Returns the answer, or None."""
        start = time.monotonic()
        if command:
            self.begin(command)
        while (now := time.monotonic() - start) < window or (
                command and not self.answered(0) and now < seconds):
            look(now)
            time.sleep(0.01)
        return self.end(command, 0) if command else None
