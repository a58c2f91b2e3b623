"""How each kind of fault is done, and undone.

Each returns True, or words that tell more, when it happened; False when it found nothing to happen
to.
"""

import asyncio

import keys
import syncs
from generator import Answer
from roles import ROLES
from steps import STEPS

_LIMIT = 6    # seconds to wait for something to happen by itself
_PROBES = 3   # mails that are sent after a step
_ORDERED = 5  # transactions that the sink spoils


async def inflict(world, fault):
    """Does it, and leaves everything running again."""
    return await _KINDS[fault.kind](world, fault)


async def restart(world, *parts):
    """Redis first: the others wait for it."""
    for part in ("redis", *ROLES):
        if part in parts:
            await asyncio.to_thread(world.relay.restart, part)


async def _kill(world, fault):
    victims = fault.about if isinstance(fault.about, tuple) else (fault.about,)
    for victim in victims:
        world.relay.kill(victim)
    await restart(world, *victims)
    return True


async def _kill_beside_pause(world, fault):
    paused, killed = fault.about
    world.relay.pause(paused)
    world.relay.kill(killed)
    restarting = asyncio.create_task(restart(world, killed))
    await asyncio.sleep(fault.seconds)
    world.relay.resume(paused)
    await restarting
    return True


async def _kill_in_rewrite(world, fault):
    """Redis dies while it writes its file anew."""
    keys.ask_redis(world.relay.redis_socket, "bgrewriteaof")
    await asyncio.sleep(fault.seconds)
    world.relay.kill("redis")
    await restart(world, "redis")
    return True


async def _pause(world, fault):
    world.relay.pause(fault.about)
    await asyncio.sleep(fault.seconds)
    world.relay.resume(fault.about)
    return True


async def _cut(world, fault):
    return world.links[fault.about].cut() > 0


async def _shut(world, fault):
    link = world.links[fault.about]
    link.shut = True
    link.cut()
    await asyncio.sleep(fault.seconds)
    link.shut = False
    return True


async def _step(world, fault):
    """Mails with a trap behind them, until one springs it."""
    step = STEPS[fault.about]
    for _ in range(_PROBES):
        mail = world.generator.compose([""])
        trap = world.traps.arm(step, mail.recipients[0].encode(),
                               lambda: world.relay.kill(step.victim))
        sending = asyncio.create_task(world.generator.send(mail))
        await _until(lambda: trap.sprung or (sending.done() and mail.answer == Answer.REFUSED))
        world.traps.disarm(trap)
        if trap.sprung:
            await restart(world, step.victim)
        client = await sending
        if client is not None:
            client.close()
        if trap.sprung:
            return True
        await asyncio.sleep(0.3)
    return False


async def _sink(world, fault):
    world.sink.order(fault.about, fault.seconds, _ORDERED)
    await asyncio.sleep(min(fault.seconds, 1.0))
    world.sink.behave()
    return True


async def _sink_down(world, fault):
    await world.sink.down()
    await asyncio.sleep(fault.seconds)
    await world.sink.up()
    return True


async def _enqueue_again(world, _fault):
    mail = world.generator.compose()
    request = world.queue.request(mail, world.user, hold=4)
    queued = await world.queue.enqueue_again(request, times=3)
    world.generator.note(mail, Answer.ACCEPTED if queued else Answer.DOUBTFUL,
                         "enqueue", request.messages[0].message_id if queued else None)
    return queued


async def _fsync_slow(world, fault):
    strace = await asyncio.to_thread(syncs.slow, world.relay.part("redis"), 0.2)
    await asyncio.sleep(fault.seconds)
    await asyncio.to_thread(strace.detach)
    return True


async def _fsync_error(world, _fault):
    redis = world.relay.part("redis")
    await asyncio.to_thread(syncs.failing, redis)
    return await _ends_by_itself(world, redis)


async def _torn_tail(world, fault):
    hanging = await asyncio.to_thread(syncs.CrashBeforeSync, world.relay.part("redis"))
    await asyncio.sleep(0.4)
    unsynced, cut = await asyncio.to_thread(hanging.crash, fault.seconds)
    await restart(world, "redis")
    return unsynced > 0 and f"{cut} of {unsynced} bytes that were not synced are cut off"


async def _disk_full(world, fault):
    redis = world.relay.part("redis")
    await asyncio.to_thread(world.shrink_disk)
    happened = await _until(lambda: not redis.alive())
    await asyncio.sleep(fault.seconds)
    await asyncio.to_thread(world.grow_disk)
    if not happened:
        world.relay.kill("redis")
    await restart(world, "redis")
    return happened


async def _ends_by_itself(world, redis):
    happened = await _until(lambda: not redis.alive())
    if not happened:
        world.relay.kill("redis")
    await restart(world, "redis")
    return happened


async def _until(condition):
    """Whether it became true in time."""
    deadline = asyncio.get_running_loop().time() + _LIMIT
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True


_KINDS = {
    "kill": _kill, "kill-both": _kill, "kill-beside-pause": _kill_beside_pause,
    "kill-in-rewrite": _kill_in_rewrite, "pause": _pause, "cut": _cut, "shut": _shut, "step": _step,
    "sink": _sink, "sink-down": _sink_down, "enqueue-again": _enqueue_again,
    "fsync-slow": _fsync_slow, "fsync-error": _fsync_error, "torn-tail": _torn_tail,
    "disk-full": _disk_full,
}
