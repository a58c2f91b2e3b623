"""Jakarta Mail, as Debian packages it."""

import os
import pathlib
import shutil

from client import Client, debian, run, scratch

SOURCE = pathlib.Path(__file__).with_name("JakartaMail.java")
CLASSES = os.path.join(scratch(), "java")
JARS = ":".join(["/usr/share/java/jakarta-mail.jar", "/usr/share/java/jakarta-activation.jar", CLASSES])


def prepare():
    shutil.rmtree(CLASSES, ignore_errors=True)
    run("javac", "-encoding", "UTF-8", "-cp", JARS, "-d", CLASSES, SOURCE)


def send(letter):
    # The JDK reads no JSON; these are the fields of java.util.Properties.
    fields = {name: getattr(letter, name) for name in (
        "host", "port", "transport", "auth", "user", "password", "ca", "sender", "subject", "text",
        "html", "attachment", "smtputf8")}
    fields.update({name: ", ".join(getattr(letter, name)) for name in ("to", "cc", "bcc")})
    file = pathlib.Path(letter.directory) / "letter.properties"
    file.write_text("".join(f"{name}={_escaped(str(value))}\n" for name, value in fields.items()),
                    encoding="ascii")
    run("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", JARS, "JakartaMail", file)


def _escaped(text):
    return "".join(c if c.isascii() and c.isalnum() else f"\\u{ord(c):04x}" for c in text)


CLIENT = Client(name="Jakarta Mail", version=debian("libjakarta-mail-java"), send=send, prepare=prepare,
                mechanisms=("PLAIN", "LOGIN", "XOAUTH2"))
