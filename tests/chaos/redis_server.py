"""A redis-server that is started again after every kind of crash.

Redis 7.0 must not repair a torn tail by itself (aof-load-truncated yes, its default): it cuts in
the middle of the broken transaction and leaves its MULTI in the file; what is written later comes
behind it, and the next start carries out the part of a transaction that nobody was promised. With
"no" it refuses to start, and redis-check-aof cuts before the MULTI.
"""

import subprocess

from stage import Failed, Process, until


def start_redis(directory, fsync):
    """On the socket redis.sock in this directory."""
    redis = _launch(directory, fsync)
    if redis.alive():
        return redis
    manifest = directory / "appendonlydir" / "appendonly.aof.manifest"
    repaired = subprocess.run(["redis-check-aof", "--fix", manifest], input="y\n", text=True,
                              capture_output=True, check=False)
    redis = _launch(directory, fsync)
    if not redis.alive():
        raise Failed(f"Redis does not start: {redis.log()}{repaired.stdout}{repaired.stderr}")
    return redis


def _launch(directory, fsync):
    """Ready, or ended."""
    redis = Process("redis", ["redis-server", "--port", 0, "--dir", directory, "--save", "",
                              "--unixsocket", directory / "redis.sock", "--appendonly", "yes",
                              "--appendfsync", fsync, "--aof-load-truncated", "no"])
    until(lambda: not redis.alive() or "ready to accept" in redis.log(), "redis to be ready")
    return redis
