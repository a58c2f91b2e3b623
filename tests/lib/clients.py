"""Real clients, as people set them up. Each submits `content` as `sender` to one recipient."""

import smtplib
import subprocess

from stage import Failed, PATIENCE, stage


def swaks_plain(relay, user, sender, to, content):
    _swaks(relay, user, sender, to, content, "PLAIN")


def swaks_login(relay, user, sender, to, content):
    _swaks(relay, user, sender, to, content, "LOGIN")


def curl(relay, user, sender, to, content):
    _run("curl", "-sS", "--ssl-reqd", "--insecure", f"smtp://127.0.0.1:{relay.port}",
         "--user", f"{user.name}:{user.password}", "--mail-from", sender, "--mail-rcpt", to,
         "--upload-file", _file(content))


def msmtp(relay, user, sender, to, content):
    with open(_file(content), "rb") as message:
        _run("msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={relay.port}", "--tls=on",
             "--tls-starttls=on", "--tls-certcheck=off", "--auth=plain", f"--user={user.name}",
             f"--passwordeval=echo {user.password}", f"--from={sender}", f"--timeout={30 * PATIENCE:.0f}",
             to,
             stdin=message)


def python_smtplib(relay, user, sender, to, content):
    with smtplib.SMTP("127.0.0.1", relay.port, timeout=30 * PATIENCE) as client:
        client.starttls()
        client.login(user.name, user.password)
        client.sendmail(sender, [to], content)


WITH_AUTH = (swaks_plain, swaks_login, curl, msmtp, python_smtplib)


def smtp_source(relay, sender, to, count=1, sessions=1, size=200):
    """Needs no password: from an open network."""
    _run("smtp-source", "-c", "-m", count, "-s", sessions, "-l", size, "-f", sender, "-t", to,
         f"127.0.0.1:{relay.port}")


def _swaks(relay, user, sender, to, content, mechanism):
    # It puts a line end of its own behind the content.
    _run("swaks", "--server", "127.0.0.1", "--port", relay.port, "--tls", "--auth", mechanism,
         "--auth-user", user.name, "--auth-password", user.password, "--from", sender, "--to", to,
         "--data", "@" + _file(content.removesuffix(b"\r\n")), "--suppress-data")


def _file(content):
    path = stage.directory / "message"
    path.write_bytes(content)
    return str(path)


def _run(*command, stdin=subprocess.DEVNULL):
    done = subprocess.run([str(word) for word in command], stdin=stdin, capture_output=True,
                          timeout=600 * PATIENCE, check=False)
    if done.returncode != 0:
        raise Failed(f"{command[0]} ended with {done.returncode}: "
                     f"{done.stdout.decode(errors='replace')[-2000:]}"
                     f"{done.stderr.decode(errors='replace')[-2000:]}")
