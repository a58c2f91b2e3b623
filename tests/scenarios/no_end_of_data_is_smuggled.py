"""Every end of data that is none, sent through the relay: no receiver gets a second message, and no bare
CR or LF leaves; neither by DATA nor by BDAT. tests/smuggling/run does the same with Postfix and Exim."""
# SPEC S5: CVE-2023-51764, -51765, -51766 and CVE-2024-27305, by default and with strict_newlines.
import smuggling
from verbs import *


def story():
    receivers = {"aiosmtpd": smuggling.AiosmtpdReceiver(), "gullible": smuggling.GullibleReceiver()}
    for strict, chunked in ((False, False), (True, False), (False, True)):
        results = smuggling.through_relay(receivers, strict, chunked)

        same({variant: complaints for variant, (_, complaints) in results.items() if complaints}, {},
             f"complaints with strict_newlines {strict}, by BDAT {chunked}")
        holds("one" in {verdict for verdict, _ in results.values()}, "nothing arrived at all")
