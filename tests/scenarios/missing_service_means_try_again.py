"""A service behind the gateway is down: clients are told to try again, never yes and never no."""
# SPEC Q1, S3: 451 and 454 when it cannot be determined; it works again without a restart.
from verbs import *


def story():
    relay = RolesApart(idle=["delivery"])
    user = relay.user(sender="app.example")
    relay.send("shop@app.example", "ann@receiver.example", user=user)
    newcomer = relay.user(sender="app.example")  # whom the gateway does not know yet

    for service, who, verb, code in (("queue", user, "DATA", 451), ("policy", newcomer, None, 451),
                                     ("auth", user._replace(password="unknown"), "AUTH", 454)):
        relay.kill(service)
        refused = refusal(relay, who)
        same(refused.reply.code, code, f"the reply without {service} ({refused})")
        same(refused.verb, verb or refused.verb, f"where it stops without {service}")
        relay.restart(service)
        until(lambda: works(relay, user), f"submission with {service} again")


def refusal(relay, user):
    try:
        relay.send("shop@app.example", "ann@receiver.example", user=user)
    except Refused as refused:
        return refused
    raise Failed("it was taken")


def works(relay, user):
    try:
        return relay.send("shop@app.example", "ann@receiver.example", user=user)
    except Refused:
        return None
