"""Breaks a promise in every process that is started with this folder on PYTHONPATH: SABOTAGE says which.

``lose``: input positions are committed before the outputs. ``double``: outputs without a transaction, positions after them.
``disclose``: what is sealed stands in a header as well. For the chaos suite, which must notice each.
"""

import os
import time


def _plain(cluster, name, heard):
    from confluent_kafka import Producer

    return Producer(cluster.common(heard) | {"acks": "all", "linger.ms": 0, "message.max.bytes": 16 << 20})


def _break_transactions(first):
    from deidstream.adapters import kafka_transactions as real
    from deidstream.adapters.bus_limits import partition_of

    class Broken:
        def __init__(self, cluster, name, heard):
            self._cluster = cluster
            self._producer = _plain(cluster, name, heard)

        def commit(self, outputs, positions, consumer):
            steps = [lambda: self._positions(positions, consumer), lambda: self._outputs(outputs)]
            one, other = steps if first else reversed(steps)
            one()
            if positions:
                time.sleep(2.0)  # the moment in which a process may die
            other()

        def _positions(self, positions, consumer):
            if positions and consumer is not None:
                consumer.commit(offsets=positions, asynchronous=False)

        def _outputs(self, outputs):
            for one in outputs:
                topic = self._cluster.named(one.topic)
                count = len(self._producer.list_topics(topic, 10).topics[topic].partitions)
                headers = [(name, value.encode()) for name, value in one.headers.items()]
                self._producer.produce(
                    topic, one.value, one.key.encode(), partition_of(one.key, count), headers=headers
                )
            self._producer.flush(10)

    real.Transactions = Broken


def _break_seals():
    from deidstream.adapters import kafka_transactions, memory_keys
    from deidstream.ports import Output

    ring, real = memory_keys.MemoryKeyRing, kafka_transactions.Transactions
    seal, commit = ring.seal, real.commit
    last = [b""]

    def hearing(self, purpose, plaintext, bound_to):
        last[0] = plaintext
        return seal(self, purpose, plaintext, bound_to)

    def disclosing(self, outputs, positions, consumer):
        shown = {"debug": last[0].decode("utf-8", "replace")}
        outputs = [Output(one.topic, one.key, one.value, {**one.headers, **shown}) for one in outputs]
        return commit(self, outputs, positions, consumer)

    ring.seal, real.commit = hearing, disclosing


_HOW = {
    "lose": lambda: _break_transactions(True),
    "double": lambda: _break_transactions(False),
    "disclose": _break_seals,
}

if os.environ.get("SABOTAGE"):
    _HOW[os.environ["SABOTAGE"]]()
