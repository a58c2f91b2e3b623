"""Exim, unpacked into a directory of its own: Debian does not install it beside Postfix."""

import glob
import os
import re
import shutil
import subprocess

from stage import Failed, Process, free_port, stage, until

PACKAGE = "exim4-daemon-light"
_PROGRAM = "usr/sbin/exim4"


class Exim:
    """One configuration: `main` are lines of its first part, `rest` the sections behind it. Needs root.

    Exim wants the user that its package makes; it sees one in a mount namespace of its own.
    """

    _count = 0

    def __init__(self, main, rest):
        if os.geteuid() != 0:
            raise Failed("Exim needs root")
        Exim._count += 1
        self.directory = stage.directory / f"exim-{Exim._count}"
        self.directory.mkdir()
        os.chmod(stage.directory, 0o755)
        os.chown(self.directory, 498, 498)
        for name, line in (("passwd", "Debian-exim:x:498:498::/:/usr/sbin/nologin\n"),
                           ("group", "Debian-exim:x:498:\n")):
            with open(f"/etc/{name}", encoding="utf-8") as own:
                (self.directory / name).write_text(own.read() + line)
        unpack()
        # Where its user can reach it: it starts itself again for each step.
        shutil.copy(os.path.join(_place(), _PROGRAM), self.directory)
        (self.directory / "exim.conf").write_text(f"""
exim_path = {self.directory}/exim4
primary_hostname = exim.example
spool_directory = {self.directory}/spool
log_file_path = {self.directory}/%slog
disable_ipv6
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
acl_smtp_rcpt = accept
{main}
{rest}""")
        os.chmod(self.directory / "exim.conf", 0o644)
        self.port = free_port()

    def listen(self):
        """Takes mail on `port` until the story ends."""
        process = Process(self.directory.name, [*self._command(), "-bdf", "-oX", f"127.0.0.1.{self.port}"])
        until(lambda: "daemon started" in self.log(),
              lambda: f"Exim to be ready: {process.log()}{self.log()}")

    def submit(self, sender, recipients, content):
        """Takes a message and tries to deliver it, before this returns."""
        done = subprocess.run([*self._command(), "-odf", "-oi", "-f", sender, "--", *recipients],
                              input=content.replace(b"\r\n", b"\n"), capture_output=True, timeout=180,
                              check=False)
        if done.returncode != 0:
            raise Failed(f"exim: {done.stdout}{done.stderr}")

    def log(self):
        files = [self.directory / "mainlog", self.directory / "paniclog"]
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def received(self):
        """How many messages it took."""
        return len(re.findall(r"(?m)^\S+ \S+ \S+ <= ", self.log()))

    def _command(self):
        place = self.directory
        return ["unshare", "--mount", "sh", "-c",
                'mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group && shift && '
                'exec "$@"', "sh", place, place / "exim4", "-C", place / "exim.conf"]


def version():
    [package] = glob.glob(os.path.join(_place(), f"{PACKAGE}_*.deb"))
    return os.path.basename(package).split("_")[1].partition("-")[0]


def unpack():
    """Downloads and unpacks the package, unless that is done."""
    place = _place()
    if not os.path.exists(os.path.join(place, _PROGRAM)):
        os.makedirs(place, exist_ok=True)
        subprocess.run(["apt-get", "-qq", "download", PACKAGE], cwd=place, check=True,
                       stderr=subprocess.DEVNULL)
        [package] = glob.glob(os.path.join(place, f"{PACKAGE}_*.deb"))
        subprocess.run(["dpkg-deb", "-x", package, place], check=True)


def _place():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "staffetta-clients", "exim")
