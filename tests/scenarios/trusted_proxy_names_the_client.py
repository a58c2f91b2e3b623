"""Behind a trusted proxy it is the client that counts, in the rights of its network and in Received; who
sends no PROXY header there, or XCLIENT from elsewhere, gets nowhere."""
# SPEC S7
import smtplib
import socket

from verbs import *

HEADER = b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 25\r\n"


class _Proxied(smtplib.SMTP):
    """A client whose connection comes through a proxy."""

    def _get_socket(self, host, port, timeout):
        connection = super()._get_socket(host, port, timeout)
        connection.sendall(HEADER)
        return connection


def story():
    mx = Mx()
    relay = Relay(delivery={"routes": [{"domain": "*", "to": f"127.0.0.1:{mx.port}"}]},
                  gateway={"ports": "0", "listeners": [{"ports": "0", "proxy": True}],
                           "proxy_networks": ["127.0.0.0/8"], "xclient_networks": ["192.0.2.7"]})
    ports = {port["proxy"]: port["port"] for port in relay.cli("edge", "status")["ports"]}
    relay.user(network="192.0.2.0/24")

    client = _Proxied("127.0.0.1", ports[True], local_hostname="client.example", timeout=30)
    client.ehlo()
    relay.send("shop@app.example", "ann@receiver.example", client=client)
    holds(b"client.example ([192.0.2.7])" in mx.wait()[0].content, mx.mails[0].content)
    until(lambda: "client=192.0.2.7" in relay.log(), "the log to name the client")
    holds(client.has_extn("xclient"), "XCLIENT is not offered to whom it is for")
    same(client.docmd("XCLIENT", "ADDR=198.51.100.9 NAME=pc.example")[0], 220, "the reply to XCLIENT")
    client.ehlo()
    same(client.mail("shop@app.example")[0], 530, "the reply outside of the open network")

    direct = relay.session(port=ports[False])
    same(direct.has_extn("xclient"), False, "XCLIENT is offered to a stranger")
    same(direct.docmd("XCLIENT", "ADDR=192.0.2.7")[0], 502, "the reply to a stranger's XCLIENT")
    with socket.create_connection(("127.0.0.1", ports[True]), timeout=20) as bare:
        bare.sendall(b"EHLO client.example\r\n")
        same(_heard(bare), b"", "what a client without a header hears")


def _heard(connection):
    try:
        return connection.recv(100)
    except ConnectionResetError:
        return b""
