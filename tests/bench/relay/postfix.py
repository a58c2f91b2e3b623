"""A private Postfix: own configuration, queue and data directories, own port, own log.

The installed Postfix and its configuration are neither read nor touched. Needs root, because the
master daemon does, and the users `postfix` and `postdrop` of the package.
"""

import grp
import os
import pwd
import subprocess

import process

HERE = os.path.dirname(os.path.abspath(__file__))
MASTER = "/usr/lib/postfix/sbin/master"
QUEUE = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
         "saved", "trace")


class Postfix:
    name = "postfix"

    def __init__(self, directory, sink_port):
        self.directory = directory
        self.port = process.free_port()
        self.process = None
        self._values = {"DIR": directory, "PORT": self.port, "SINK_PORT": sink_port}

    def __enter__(self):
        if os.geteuid() != 0:
            raise process.Failed("Postfix's master daemon needs root")
        self._lay_out()
        self.process = process.spawn([MASTER, "-c", self.directory, "-s"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait_for_banner(self.port, self.process, "Postfix")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        process.stop(self.process)

    def _lay_out(self):
        """What `postfix start` would make of the package's list of files, in our directory."""
        owner = pwd.getpwnam("postfix").pw_uid
        drop = grp.getgrnam("postdrop").gr_gid
        os.chmod(self.directory, 0o755)
        for name in ("main.cf", "master.cf"):
            process.fill(f"{HERE}/postfix/{name}.in", f"{self.directory}/{name}", self._values)

        def make(path, mode, uid, gid=0):
            path = f"{self.directory}/{path}"
            os.mkdir(path)
            os.chown(path, uid, gid)
            os.chmod(path, mode)

        make("log", 0o755, 0)
        make("data", 0o700, owner)
        make("spool", 0o755, 0)
        make("spool/pid", 0o755, 0)
        make("spool/public", 0o710, owner, drop)
        make("spool/maildrop", 0o730, owner, drop)
        for name in QUEUE:
            make(f"spool/{name}", 0o700, owner)
