"""A real name server (nsd) on loopback, authoritative for everything."""

import socket

from stage import Process, free_port, stage, until

_SOA = "$ORIGIN .\n$TTL 60\n@ SOA ns.example. root.example. 1 3600 600 86400 1\n@ NS ns.example.\n" \
       "ns.example. A 127.0.0.1\n"


class Dns:
    """Dns("receiver.example. MX 10 mx.receiver.example.\\nmx.receiver.example. A 127.0.0.2"): names
    are absolute; every other name does not exist."""

    def __init__(self, zone):
        self.port = free_port()
        self._directory = stage.directory / f"dns-{self.port}"
        self._directory.mkdir()
        (self._directory / "nsd.conf").write_text(f"""
server:
  ip-address: 127.0.0.1@{self.port}
  server-count: 1
  username: ""
  zonesdir: "{self._directory}"
  database: ""
  pidfile: ""
  xfrdfile: "{self._directory}/xfrd.state"
  xfrdir: "{self._directory}"
  zonelistfile: "{self._directory}/zone.list"
  cookie-secret-file: "{self._directory}/cookies"
remote-control:
  control-enable: no
zone:
  name: .
  zonefile: zone
""")
        self._process = None
        self.publish(zone)

    def publish(self, zone):
        """Answers from these records instead. Resolvers may remember what they have asked."""
        if self._process is not None:
            self._process.stop()
        (self._directory / "zone").write_text(_SOA + zone + "\n")
        self._process = Process(f"nsd-{self.port}",
                                ["nsd", "-d", "-c", self._directory / "nsd.conf"])
        until(self._answers, lambda: f"nsd to answer; it said: {self._process.log()}")

    @property
    def server(self):
        """For dns.servers."""
        return f"127.0.0.1@{self.port}"

    def _answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
