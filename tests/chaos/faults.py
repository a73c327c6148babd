"""What is done to a deployment while it works, each kind a thread: seeded, and counted."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from pathlib import Path

from tests.harness.deployment import Running, is_ready
from tests.harness.kafka import Broker

__all__ = ["BrokerDeaths", "BrokerFault", "BrokerPauses", "Deaths", "Fault", "RareDeaths", "ReplicaDeaths", "Restarts"]


class Fault(threading.Thread):
    """One kind. ``strike`` is called again and again, after pauses drawn from ``pauses`` (seconds), until ``finish``."""

    pauses = (0.2, 1.5)

    def __init__(self, running: Running, seed: int) -> None:
        super().__init__(daemon=True)
        self.running = running
        self.random = random.Random(seed)
        self.count: Counter[str] = Counter()
        self.done = threading.Event()
        self.failed: BaseException | None = None

    def run(self) -> None:
        """Until ``finish``."""
        try:
            while not self.done.wait(self.random.uniform(*self.pauses)):
                self.strike()
        except BaseException as error:  # noqa: BLE001 - raised again by ``finish``
            self.failed = error

    def spread(self, times: float) -> None:
        """Strikes that much more rarely."""
        self.pauses = (self.pauses[0] * times, self.pauses[1] * times)

    def strike(self) -> None:
        """Does it once."""
        raise NotImplementedError

    def finish(self) -> None:
        """No more of it. Raises what ended it before."""
        self.done.set()
        self.join()
        if self.failed is not None:
            raise self.failed


class Deaths(Fault):
    """kill -9 of one process after another, the supervisor too, which is started again."""

    def strike(self) -> None:
        supervisor = self.running.supervisor
        if supervisor is None:
            return
        if self.random.random() < 0.15:
            supervisor.kill()
            supervisor.wait()
            self.count["supervisor"] += 1
            self.running.start()
        elif children := self.running.children():
            victim = self.random.choice(children)
            name = _chain_of(victim)
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                return
            self.count[name] += 1


class RareDeaths(Deaths):
    """The same, with time for a process to come back to its share on Kafka."""

    pauses = (3.0, 8.0)


class ReplicaDeaths(Fault):
    """kill -9 of one of the processes that share a chain, once it has had time to take part again."""

    pauses = (5.0, 8.0)

    def strike(self) -> None:
        chains = {child: _chain_of(child) for child in self.running.children()}
        several = [chain for chain, count in Counter(chains.values()).items() if count > 1]
        replicas = [child for child, chain in chains.items() if chain in several and self._takes_part(child)]
        if replicas:
            victim = self.random.choice(replicas)
            os.kill(victim, signal.SIGKILL)
            self.count[chains[victim]] += 1

    def _takes_part(self, child: int) -> bool:
        try:
            arguments = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            number = int(arguments[arguments.index(b"--number") + 1])
        except (OSError, ValueError):  # it has just ended
            return False
        return is_ready(self.running.health + number)


class Restarts(Fault):
    """Everything drained, stopped and started again, once it has had time to do something."""

    pauses = (4.0, 9.0)

    def strike(self) -> None:
        self.running.stop()
        self.running.start()
        self.running.wait_ready(120.0)
        self.count["all"] += 1


class BrokerFault(Fault):
    """One that strikes the brokers."""

    def __init__(self, running: Running, seed: int, broker: Broker) -> None:
        super().__init__(running, seed)
        self.broker = broker


class BrokerDeaths(BrokerFault):
    """kill -9 of a broker, and its return."""

    pauses = (4.0, 9.0)

    def strike(self) -> None:
        node = self.random.choice(self.broker.nodes)
        node.kill()
        self.done.wait(self.random.uniform(0.0, 3.0))
        node.restart()
        self.count["broker"] += 1


class BrokerPauses(BrokerFault):
    """A broker that stands still for longer than a session and a transaction may last."""

    pauses = (4.0, 8.0)
    lasting = (8.0, 26.0)

    def strike(self) -> None:
        node = self.random.choice(self.broker.nodes)
        node.pause()
        try:
            self.done.wait(self.random.uniform(*self.lasting))
        finally:
            node.resume()
        self.count["pause"] += 1


def _chain_of(process: int) -> str:
    try:
        arguments = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        return arguments[arguments.index(b"--chain") + 1].decode().partition("+")[0]
    except (OSError, ValueError):
        return "starting"
