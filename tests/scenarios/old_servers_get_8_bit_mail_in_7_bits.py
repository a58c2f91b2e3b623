"""8-bit mail reaches a server that takes it as it is, and one that does not in an encoding."""
# SPEC S4: RFC 6152, 8BITMIME.
import email

from verbs import *

TEXT = "Perché il caffè è finito: .punto\r\n..due punti\r\n" * 40
CONTENT = ("From: shop@app.example\r\nTo: ann@modern.example\r\nSubject: prova\r\n"
           "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@app.example>\r\n"
           "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
           "Content-Transfer-Encoding: 8bit\r\n\r\n"
           "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
           f"{TEXT}\r\n--b\r\n\r\nplain\r\n--b--\r\n").encode()


def story():
    modern = Mx("127.0.0.2")
    old = Mx("127.0.0.3", port=modern.port, without=["8BITMIME", "SMTPUTF8"])
    dns = Dns("modern.example. MX 10 mx.modern.example.\nmx.modern.example. A 127.0.0.2\n"
              "old.example. MX 10 mx.old.example.\nmx.old.example. A 127.0.0.3\n"
              "app.example. MX 10 mx.modern.example.")
    relay = Relay(mx=modern, dns=dns)
    user = relay.user(sender="app.example")

    relay.send("shop@app.example", ["ann@modern.example", "bob@old.example"], user=user,
               content=CONTENT)

    [as_it_was] = modern.wait()
    holds(as_it_was.content.endswith(CONTENT), "octet for octet")
    [encoded] = old.wait()
    same(sum(octet > 127 for octet in encoded.content), 0, "8-bit octets at the old server")
    holds(max(map(len, encoded.content.split(b"\r\n"))) <= 998, "no long lines")
    text, plain = email.message_from_bytes(encoded.content).get_payload()
    same(text["Content-Transfer-Encoding"], "quoted-printable", "the encoding")
    same(text.get_payload(decode=True).decode(), TEXT, "what its reader sees")
    same(plain.as_bytes(), b"\nplain", "what needs no change has none")

    signed = CONTENT.replace(b"multipart/mixed", b"multipart/signed")
    relay.send("shop@app.example", "bob@old.example", user=user, content=signed)
    bounce = modern.wait(2)[1]
    holds(b"5.6.3" in bounce.content and b"signature" in bounce.content, bounce.content)
