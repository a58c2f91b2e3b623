"""A process with some of the roles must be told where the others and Redis are; else mail would wait for nobody."""
# SPEC O1: bad settings are named.
from verbs import *


def why_refused(roles):
    process = Process(roles, [PROGRAM, "serve", "--data", stage.directory / roles, "--roles", roles])
    same(process.ended(), 1, "the exit code")
    return process.log()


def story():
    gateway = why_refused("gateway")
    holds("grpc.auth: must say where auth runs" in gateway, gateway)
    queue = why_refused("queue")
    holds("redis.address: must name the Redis" in queue, queue)
