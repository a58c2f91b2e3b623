"""All ports that customers know are open from one setting, within 20,000 descriptors; each greets, and
the edge says which they are and which it had to skip."""
# SPEC S1
import resource
import socket

from verbs import *

PORTS = [23, 25, 26, 80, 587, *range(1025, 5001)]


def story():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(20_000, most), most))
    with _one_of(PORTS) as other:
        relay = Relay(gateway={"ports": "23,25,26,80,587,1025-5000", "tls_ports": "4465"})
        status = relay.cli("edge", "status")
        ports = {port["port"]: port["tls"] for port in status["ports"]}
        skipped = {port["port"] for port in status["skipped_ports"]}
        same(sorted(ports.keys() | skipped), PORTS, "ports that are open, or named as skipped")
        holds(other.getsockname()[1] in skipped, f"the busy port is not among {skipped}")
        same(ports.pop(4465), "TLS_MODE_IMPLICIT", "the way of the port with TLS from the start")
        same(set(ports.values()), {"TLS_MODE_OPTIONAL"}, "the way of the others")
        same([port for port in ports if _hello(port) != b"220"], [], "open ports that do not greet")
        same(status["certificates"][0]["names"], ["relay.example"], "whom the certificate is for")


def _one_of(ports):
    """A listener of somebody else's on one of them."""
    for port in reversed(ports):
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            continue
    raise Failed("all are busy")


def _hello(port):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        return client.recv(3)
