"""The thread of class 1 is a realtime one where the system allows it, and only it; where it is forbidden that is said, and
mail goes out all the same."""
# SPEC P3
import os
import pathlib
import subprocess

from verbs import *

WITHOUT_THE_RIGHT = ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice", "--"]
SAID = "mail of class 1 waits for processors like any other"


class _Unprivileged(Relay):
    def launch(self):
        before = WITHOUT_THE_RIGHT if os.geteuid() == 0 else []
        return Process(self.name, [*before, PROGRAM, "serve", "--config", self.config, "--data", self.data])


def realtime_threads(relay):
    """How many there are in the relay and in what it has started."""
    pid = relay.process.pid
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    threads = [int(task.name) for process in [pid, *children]
               for task in pathlib.Path(f"/proc/{process}/task").iterdir()]
    return sum(os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK == os.SCHED_RR
               for thread in threads)


def story():
    allowed = subprocess.run(["chrt", "--rr", "1", "true"], check=False, capture_output=True).returncode == 0
    relay = Relay()
    same(realtime_threads(relay), 1 if allowed else 0, "realtime threads")
    same(SAID in relay.log(), not allowed, "whether it is said that there is none")
    relay.stop()

    content = Relay(delivery={"express_realtime": False})
    same(realtime_threads(content), 0, "realtime threads of who wants none")
    same(SAID in content.log(), False, "whether that is said")
    content.stop()

    mx = Mx()
    poor = _Unprivileged(delivery={"routes": [{"domain": "*", "to": f"127.0.0.1:{mx.port}"}]})
    same(realtime_threads(poor), 0, "realtime threads without the right")
    holds(SAID in poor.log() and "CAP_SYS_NICE" in poor.log(), "nothing is said of the right")
    poor.send("shop@app.example", "ann@receiver.example", user=poor.user(priority=1))
    mx.wait(1)
