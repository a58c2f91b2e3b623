"""A service that is too busy to answer a new connection for half a second is not taken for dead."""
# SPEC O1, Q1: a call has the time that was given to it; a loaded machine is no outage.
import signal
import threading

from verbs import *

PAUSE = 0.5


def story():
    relay = Relay()
    relay.process.send_signal(signal.SIGSTOP)
    threading.Timer(PAUSE, relay.process.send_signal, [signal.SIGCONT]).start()

    relay.cli("accounts", "list")
