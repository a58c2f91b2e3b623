"""A private Postfix: own configuration, queue and port; the installed one is neither read nor touched."""

import grp
import os
import pwd
import re
import subprocess

from stage import Failed, Process, free_port, stage, until

_QUEUE = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
          "saved", "trace")
_MAIN = {
    "compatibility_level": "3.6", "command_directory": "/usr/sbin",
    "daemon_directory": "/usr/lib/postfix/sbin", "mail_owner": "postfix", "setgid_group": "postdrop",
    "maillog_file": "/dev/stdout", "myhostname": "postfix.example", "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4", "mynetworks": "127.0.0.0/8", "mydestination": "", "alias_maps": "",
    "alias_database": "", "local_recipient_maps": "", "message_size_limit": "52428800",
    "smtpd_peername_lookup": "no", "smtp_dns_support_level": "disabled", "smtp_host_lookup": "native",
    "notify_classes": "",
}
_MASTER = """
PORT      inet  n - n -    - smtpd
pickup    unix  n - n 1    1 pickup
cleanup   unix  n - n -    0 cleanup
qmgr      unix  n - n 300  1 qmgr
rewrite   unix  - - n -    - trivial-rewrite
bounce    unix  - - n -    0 bounce
defer     unix  - - n -    0 bounce
trace     unix  - - n -    0 bounce
verify    unix  - - n -    1 verify
flush     unix  n - n 1000 0 flush
proxymap  unix  - - n -    - proxymap
smtp      unix  - - n -    - smtp
relay     unix  - - n -    - smtp
error     unix  - - n -    - error
retry     unix  - - n -    - error
discard   unix  - - n -    - discard
anvil     unix  - - n -    1 anvil
scache    unix  - - n -    1 scache
tlsmgr    unix  - - n 1000 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Runs until the story ends, with these settings of main.cf beside the usual ones. Needs root."""

    _count = 0

    def __init__(self, **settings):
        if os.geteuid() != 0:
            raise Failed("Postfix's master daemon needs root")
        Postfix._count += 1
        self.port = free_port()
        self.directory = stage.directory / f"postfix-{Postfix._count}"
        self._lay_out({**_MAIN, "queue_directory": self.directory / "spool",
                       "data_directory": self.directory / "data", **settings})
        self._process = Process(self.directory.name, [
            "/usr/lib/postfix/sbin/master", "-c", self.directory, "-s"])
        until(lambda: "daemon started" in self.log(), "Postfix to be ready")

    def log(self):
        return self._process.log()

    def stop(self):
        self._process.stop()

    def submit(self, sender, recipients, content):
        """Hands a message to its sendmail, which takes it whatever becomes of it."""
        subprocess.run(["/usr/sbin/sendmail", "-C", self.directory, "-i", "-f", sender, "--",
                        *recipients], input=content.replace(b"\r\n", b"\n"), check=True, timeout=60)

    def outcomes(self):
        """Each recipient's "sent", "bounced" or "deferred", with the reason, in order."""
        return re.findall(r"\bto=<.*\bstatus=(\w+) \((.*)\)", self.log())

    def received(self):
        """How many messages it took."""
        return len(re.findall(r"/cleanup\[.*: message-id=", self.log()))

    def _lay_out(self, settings):
        owner = pwd.getpwnam("postfix").pw_uid
        drop = grp.getgrnam("postdrop").gr_gid
        os.chmod(stage.directory, 0o755)

        def make(path, mode, uid=0, gid=0):
            path = self.directory / path
            path.mkdir()
            os.chown(path, uid, gid)
            os.chmod(path, mode)

        make("", 0o755)
        make("data", 0o700, owner)
        make("spool", 0o755)
        make("spool/pid", 0o755)
        make("spool/public", 0o710, owner, drop)
        make("spool/maildrop", 0o730, owner, drop)
        for name in _QUEUE:
            make(f"spool/{name}", 0o700, owner)
        (self.directory / "main.cf").write_text(
            "".join(f"{key} = {value}\n" for key, value in settings.items()))
        (self.directory / "master.cf").write_text(_MASTER.replace("PORT ", f"{self.port} "))
