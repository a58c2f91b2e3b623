"""What depth costs: operations at several depths, and the memory of what waits."""

VERBS = ("enqueue", "lease", "complete")
WARM_UP = 2000
SLICES = 5    # of a round


def fill(queue, loader, count, content, lanes=1000):
    """Queues COUNT messages in so many lanes; what each costs Redis, in bytes."""
    used, streams = queue.redis.memory()
    answer = loader.ask(f"fill {count} {content} {lanes}", 60 + count / 500)
    used_after, streams_after = queue.redis.memory()
    total = (used_after - used) / count
    events = (streams_after - streams) / count
    return {"messages": count, "content": content, "per_s": count / answer["seconds"],
            "total": total, "compressed": answer["compressed"], "events": events,
            "rest": total - answer["compressed"] - events}


def warm_up(queue, loader):
    cycle(queue, loader, WARM_UP)


def one_round(queues, count, turned):
    """COUNT operations of each kind on each of the QUEUES, {depth: (queue, loader)}: in slices, one
    depth after the other, so that a slow moment of the machine strikes all."""
    order = sorted(queues, reverse=turned)
    slices = [{depth: cycle(*queues[depth], count // SLICES) for depth in order}
              for _ in range(SLICES)]
    return {depth: {verb: rates([each[depth][verb] for each in slices], count // SLICES * SLICES)
                    for verb in VERBS} for depth in queues}


def rates(slices, count):
    seconds, queue_cpu, redis_cpu = (sum(column) for column in zip(*slices))
    return {"per_s": count / seconds, "queue_us": queue_cpu / count * 1e6,
            "redis_us": redis_cpu / count * 1e6}


def cycle(queue, loader, count):
    """COUNT more messages in, as many leased, as many completed: the depth stays as it was. For
    each verb: seconds, and those of the processor in the queue role and in Redis."""
    found = {}
    for verb, command in zip(VERBS, (f"enqueue {count} light", f"lease {count}", "complete")):
        queue_before, redis_before = queue.cpu()
        seconds = loader.ask(command, 120)["seconds"]
        queue_after, redis_after = queue.cpu()
        found[verb] = (seconds, queue_after - queue_before, redis_after - redis_before)
    return found
