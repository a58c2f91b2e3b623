"""Redis as several servers: a cluster of three masters with a replica each, or a master that
sentinels watch. A dead master is replaced within about 3 s."""

import signal
import subprocess

from stage import Failed, Process, free_port, stage, until

SLOTS = 16384


class RedisNode:
    """One redis-server on TCP; its data stays when it is killed."""

    def __init__(self, name, *arguments):
        self.name = name
        self.port = free_port()
        self.directory = stage.directory / name
        self.directory.mkdir()
        self._arguments = arguments
        self._process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self._process.pid

    def running(self):
        return self._process is not None and self._process.alive()

    def start(self):
        self._process = Process(self.name, [
            "redis-server", *self._arguments, "--port", self.port, "--bind", "127.0.0.1",
            "--dir", self.directory])

    def kill(self):
        """SIGKILL."""
        self._process.kill()

    def pause(self):
        """SIGSTOP."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *words):
        """The answer as redis-cli prints it; an error too. Fails when it gives none within 5 s."""
        command = ["redis-cli", "-p", str(self.port), *map(str, words)]
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=5).stdout.strip()
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} does not answer {words[0]}") from None


def _replace_paused(master, replicas):
    """Pauses the master until a replica has taken its place, and resumes it at once: for a while there
    are two."""
    master.pause()
    until(lambda: any("role:master" in replica.ask("INFO", "replication") for replica in replicas),
          f"a replica in the place of {master.name}")
    master.resume()


def _durable(*more):
    return ("--appendonly", "yes", "--appendfsync", "always", "--save", "",
            "--repl-diskless-sync-delay", "0", *more)


class RedisCluster:
    """Nodes 0 to 2 begin as masters of a third of the slots each, 3 to 5 as their replicas."""

    MASTERS = 3

    def __init__(self, *arguments):
        """arguments: more of redis-server, as "--min-replicas-to-write", 1."""
        self.nodes = []
        self._bus_ports = []
        for index in range(2 * self.MASTERS):
            self._bus_ports.append(free_port())
            self.nodes.append(RedisNode(f"redis-{index}", *_durable(
                "--cluster-enabled", "yes", "--cluster-port", self._bus_ports[-1],
                "--cluster-node-timeout", "1000", *arguments)))
        for index, node in enumerate(self.nodes):
            (node.directory / "nodes.conf").write_text(self._view(index))
            node.start()
        self.await_healthy()

    @property
    def config(self):
        """For the relay's `redis`."""
        return {"cluster": [self.nodes[index].address for index in (0, 1, 4)]}

    def id_of(self, index):
        return "abcdef"[index] * 40

    def _view(self, own):
        """nodes.conf, from which a node takes up where it was: here, that all know each other."""
        lines = []
        for index, node in enumerate(self.nodes):
            master = index % self.MASTERS
            flags = "myself," if index == own else ""
            role = "master -" if index == master else f"slave {self.id_of(master)}"
            slots = (f" {master * SLOTS // self.MASTERS}-{(master + 1) * SLOTS // self.MASTERS - 1}"
                     if index == master else "")
            lines.append(f"{self.id_of(index)} {node.address}@{self._bus_ports[index]} "
                         f"{flags}{role} 0 0 {master + 1} connected{slots}\n")
        return "".join(lines) + f"vars currentEpoch {self.MASTERS} lastVoteEpoch 0\n"

    def await_healthy(self):
        """All running nodes serve all slots, and each replica follows a master that counts on it."""
        def healthy(node):
            replication = node.ask("INFO", "replication")
            return "cluster_state:ok" in node.ask("CLUSTER", "INFO") and \
                ("master_link_status:up" in replication if "role:slave" in replication
                 else "min_slaves_good_slaves:0" not in replication)
        for node in self.nodes:
            if node.running():
                until(lambda node=node: healthy(node), f"{node.name} in a working cluster")

    def slot_of(self, key):
        return int(next(n for n in self.nodes if n.running()).ask("CLUSTER", "KEYSLOT", key))

    def master_of(self, slot):
        """Index of the node that says it serves the slot; None: nobody does now."""
        for index, node in enumerate(self.nodes):
            if not node.running():
                continue
            for line in node.ask("CLUSTER", "NODES").splitlines():
                words = line.split()
                if "myself" in words[2] and any(_covers(word, slot) for word in words[8:]):
                    return index
        return None

    def masters(self):
        """Indexes of all that serve slots."""
        starts = [number * SLOTS // self.MASTERS for number in range(self.MASTERS)]
        return sorted({index for index in map(self.master_of, starts) if index is not None})

    def replace_paused_master(self, slot):
        """Pauses the slot's master, and resumes it as soon as its replica has taken its place."""
        master = self.master_of(slot)
        _replace_paused(self.nodes[master], [self.nodes[(master + self.MASTERS) % len(self.nodes)]])

    def move(self, slot, to, batch=100):
        """Moves the slot to another master, as redis-cli does: its scripts are refused meanwhile."""
        source, target = self.nodes[self.master_of(slot)], self.nodes[to]
        source_id = self.id_of(self.nodes.index(source))
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", self.id_of(to))
        while keys := source.ask("CLUSTER", "GETKEYSINSLOT", slot, batch).splitlines():
            answer = source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
            if answer not in ("OK", "NOKEY"):
                raise Failed(f"MIGRATE: {answer}")
        for node in (target, source):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", self.id_of(to))


def _covers(word, slot):
    first, _, last = word.partition("-")
    return first.isdigit() and int(first) <= slot <= int(last or first)


class RedisSentinels:
    """Server 0 begins as the master of 1 and 2; three sentinels watch."""

    MASTER_NAME = "relay"

    def __init__(self, *arguments):
        """arguments: more of redis-server, as "--min-replicas-to-write", 1."""
        self.servers = [RedisNode(f"redis-{index}", *_durable(*arguments)) for index in range(3)]
        for server in self.servers:
            server.start()
        for replica in self.servers[1:]:
            until(lambda replica=replica: replica.ask(
                "REPLICAOF", "127.0.0.1", self.servers[0].port).startswith("OK"),
                f"{replica.name} to follow")
        for replica in self.servers[1:]:
            until(lambda replica=replica:
                  "master_link_status:up" in replica.ask("INFO", "replication"),
                  f"{replica.name} to have the master's data")
        self.sentinels = []
        for index in range(3):
            name = f"sentinel-{index}"
            file = stage.directory / name / "sentinel.conf"
            self.sentinels.append(RedisNode(name, file, "--sentinel"))
            file.write_text(
                f"sentinel monitor {self.MASTER_NAME} 127.0.0.1 {self.servers[0].port} 2\n"
                f"sentinel down-after-milliseconds {self.MASTER_NAME} 1000\n"
                f"sentinel failover-timeout {self.MASTER_NAME} 3000\n")
            self.sentinels[-1].start()
        self.await_healthy()
        for sentinel in self.sentinels:
            # What comes back after it was replaced is made a replica within about 4 s, not 15.
            sentinel.ask("SENTINEL", "DEBUG", "info-period", 1000, "publish-period", 500)

    @property
    def config(self):
        """For the relay's `redis`."""
        return {"sentinels": [sentinel.address for sentinel in self.sentinels],
                "master_name": self.MASTER_NAME}

    def master(self):
        """Index of the server that a sentinel takes for the master."""
        for sentinel in self.sentinels:
            if sentinel.running():
                words = sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.MASTER_NAME).split()
                ports = [str(server.port) for server in self.servers]
                if len(words) == 2 and words[1] in ports:
                    return ports.index(words[1])
        return None

    def replace_paused_master(self):
        """Pauses the master, and resumes it as soon as a replica has taken its place."""
        master = self.servers[self.master()]
        _replace_paused(master, [server for server in self.servers if server is not master])

    def await_healthy(self):
        """All servers run and follow the master that the sentinels agree on."""
        def healthy():
            return all("OK 3 usable" in sentinel.ask("SENTINEL", "CKQUORUM", self.MASTER_NAME)
                       for sentinel in self.sentinels) and \
                "connected_slaves:2" in self.servers[self.master()].ask("INFO", "replication")
        until(healthy, "sentinels that know each other and the replicas")
