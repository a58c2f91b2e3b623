"""One of many ports belongs to another program: the others open; when none does, that is an error."""
# SPEC S1: reported and skipped; none at all is an error.
import socket

from verbs import *


def story():
    with socket.create_server(("127.0.0.1", free_port())) as other:
        busy, free = other.getsockname()[1], free_port()

        none = Relay(gateway={"ports": str(busy)}, start=False).launch()
        same(none.ended(), 1, "the exit code without any port")
        holds(str(busy) in none.log(), none.log())

        relay = Relay(gateway={"ports": f"{busy},{free}"})
        same(relay.port, free, "the port that is open")
        until(lambda: str(busy) in relay.log(), "the busy port to be reported")
        relay.session().quit()
