"""What depth costs: operations at several depths, and the memory of what waits."""

VERBS = ("enqueue", "lease", "complete")
WARM_UP = 2000


def fill(queue, loader, count, content):
    """Queues COUNT messages; what each costs Redis, in bytes."""
    used, streams = queue.redis.memory()
    answer = loader.ask(f"enqueue {count} {content}", 60 + count / 500)
    used_after, streams_after = queue.redis.memory()
    total = (used_after - used) / count
    events = (streams_after - streams) / count
    return {"messages": count, "content": content, "per_s": count / answer["seconds"],
            "total": total, "compressed": answer["compressed"], "events": events,
            "rest": total - answer["compressed"] - events}


def warm_up(queue, loader):
    cycle(queue, loader, WARM_UP)


def cycle(queue, loader, count):
    """COUNT more messages in, as many leased, as many completed: the depth stays as it was."""
    found = {}
    for verb, command in zip(VERBS, (f"enqueue {count} light", f"lease {count}", "complete")):
        queue_before, redis_before = queue.cpu()
        seconds = loader.ask(command, 120)["seconds"]
        queue_after, redis_after = queue.cpu()
        found[verb] = {"per_s": count / seconds,
                       "queue_us": (queue_after - queue_before) / count * 1e6,
                       "redis_us": (redis_after - redis_before) / count * 1e6}
    return found
