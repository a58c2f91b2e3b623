"""Certificates are chosen by the name that the client asks for, and a renewed one is served within seconds
while sessions go on; a broken one leaves the old in force and is reported."""
# SPEC S2
import socket
import ssl
import subprocess

from verbs import *


def story():
    main, customer = _pair("relay.example", "main"), _pair("smtp.customer.example", "customer")
    relay = Relay(gateway={"tls_certificate": main["certificate"], "tls_key": main["key"],
                           "certificates": [customer], "tls_ports": "0"})
    ports = {port["tls"]: port["port"] for port in relay.cli("edge", "status")["ports"]}
    port = ports["TLS_MODE_IMPLICIT"]
    old = _shown(port, "relay.example")
    same(_shown(port, "smtp.customer.example") == old, False, "both names have one certificate")
    same(_shown(port, "else.example"), old, "the certificate for a name that nobody has")

    session = relay.session(port=ports["TLS_MODE_OPTIONAL"])
    session.starttls()
    _pair("relay.example", "main")
    until(lambda: _shown(port, "relay.example") != old, "the renewed certificate to be served")
    same(session.noop()[0], 250, "the reply in a session from before")

    renewed = _shown(port, "relay.example")
    with open(main["key"], "w", encoding="ascii") as broken:
        broken.write("not a key\n")
    until(lambda: main["key"] in relay.log(), "the broken key to be reported")
    same(_shown(port, "relay.example"), renewed, "the certificate after a broken renewal")
    names = [one["names"] for one in relay.cli("edge", "status")["certificates"]]
    same(names, [["relay.example"], ["smtp.customer.example"]], "whom the certificates are for")


def _pair(name, file):
    """New files with a certificate for the name, in the place of older ones."""
    files = {"certificate": str(stage.directory / f"{file}.crt"),
             "key": str(stage.directory / f"{file}.key")}
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-out", files["certificate"], "-keyout", files["key"]],
                   check=True, capture_output=True)
    return files


def _shown(port, name):
    """The certificate that a client is shown who asks for the name."""
    context = ssl._create_unverified_context()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname=name) as client:
            return client.getpeercert(binary_form=True)
