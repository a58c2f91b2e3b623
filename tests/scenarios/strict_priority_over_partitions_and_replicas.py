"""Three partitions, two queues, two workers: no newsletter goes while a password reset waits anywhere."""
# SPEC P3: strict over all replicas, but for what is in a worker's hands. Q5, Q7, E2, E4: what is asked
# of one queue or of the events is answered for all partitions.
from verbs import *

ACCOUNTS = 3  # numbers that follow each other: one in each partition
IN_HANDS = 10


def story(each=30):
    mx = Mx("127.0.0.2")
    dns = Dns("receiver.example. MX 10 mx.receiver.example.\nmx.receiver.example. A 127.0.0.2")
    relay = RolesApart(mx=mx, dns=dns, idle=["delivery"], queue={"partitions": 3},
                       delivery={"prefetch": IN_HANDS, "connections_per_site": 2,
                                 "express_prefetch": 2})
    second_queue = relay.replica("queue")
    ports = relay.port, relay.replica("gateway", queue=second_queue)
    users = [relay.user(sender=f"app{number}.example", priority=5, account=relay.account())
             for number in range(ACCOUNTS)]
    sessions = {(user, port): relay.session(user, port=port) for user in users for port in ports}

    def send(user, port, priority, number):
        sender = f"shop@app{users.index(user)}.example"
        return relay.send(sender, f"class{priority}@receiver.example", f"{number}",
                          client=sessions[user, port],
                          headers=f'X-SMTPAPI: {{"Priority": {priority}}}\r\n')

    ids = [send(user, ports[number % 2], priority, number)
           for priority in (5, 4, 3, 2, 1) for number in range(each) for user in users]
    same({message_id[-2:] for message_id in ids}, {"00", "01", "02"}, "the partitions that they are in")
    waiting = relay.queue_stats()
    same(waiting["ready"], {priority: ACCOUNTS * each for priority in range(1, 6)}, "what waits")

    relay.replica("delivery", queue=second_queue)
    relay.start("delivery")
    mx.wait(len(ids), seconds=60)
    until(relay.queue_empty, "the queue to be empty")

    order = [int(mail.recipients[0][len("class")]) for mail in mx.mails]
    same(len(order), len(ids), "mails at the receiver")
    passed = max(sum(1 for later in order[place:] if later < priority)
                 for place, priority in enumerate(order))
    print(f"at most {passed} mails of higher classes were behind a lower one")
    holds(passed <= 2 * IN_HANDS, f"{passed} mails of higher classes were behind a lower one")
    same(len(relay.events(kind="accepted")), len(ids), "events accepted")
    same(len(relay.events(kind="delivered")), len(ids), "events delivered")
    for user in users:
        until(lambda user=user: delivered(relay, user.account) == 5 * each, "the statistics")


def delivered(relay, account):
    hours = relay.cli("stats", "show", "--account", account)["hours"]
    return sum(int(hour["counts"].get("delivered", 0)) for hour in hours)
