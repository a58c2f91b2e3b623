"""What a relay tells Prometheus."""

import re
import urllib.request


def scrape(relay):
    """The text; the relay was started with metrics={"listen": "127.0.0.1:0"}."""
    address = re.search(r"; metrics (\S+)", relay.log())[1]
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        return answer.read().decode()


def figures(relay):
    """Values by name and labels, as 'queue_ready{class="1"}'."""
    lines = [line.removeprefix("staffetta_").rsplit(" ", 1) for line in scrape(relay).splitlines()
             if not line.startswith("#")]
    return {name: float(value) for name, value in lines}
