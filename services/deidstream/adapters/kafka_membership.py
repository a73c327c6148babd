"""Whether a group still knows a member.

A client whose session has ended (its broker stood still, say) may wait for records for ever, without an error, as member of a group
that has long forgotten it (librdkafka 3437). So whoever gets nothing for a while asks the cluster.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from deidstream.adapters.kafka_client import Cluster, Heard, made, watched
from deidstream.core.errors import Misconfigured

__all__ = ["Membership"]

_QUIET_SECONDS = 20.0
"""Without progress for so long, and again after as long, the cluster is asked."""
_MISSED = 2
"""So often in a row a member must be missing: one that is joining again is missing for a moment."""
_ASK_SECONDS = 5.0


class Membership:
    """Of ``instance`` in ``group``, both as the cluster knows them."""

    def __init__(
        self, cluster: Cluster, group: str, instance: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster = cluster
        self._group = group
        self._instance = instance
        self._clock = clock
        self._due = clock() + _QUIET_SECONDS
        self._missed = 0

    def progress(self) -> None:
        """Something was committed as a member: it is one."""
        self._missed = 0
        self._due = self._clock() + _QUIET_SECONDS

    def check(self) -> None:
        """Asks when it is time. Raises Misconfigured (``fenced``) for one that is no member any more: only a new client joins."""
        if self._clock() < self._due:
            return
        self._due = self._clock() + _QUIET_SECONDS
        self._missed = 0 if self._known() else self._missed + 1
        if self._missed >= _MISSED:
            raise Misconfigured("fenced", self._group, "the group has forgotten this member; starting again is right")

    def _known(self) -> bool:
        """Whether it is a member, as far as can be told now."""
        heard = Heard()
        admin = made(AdminClient, self._cluster.common(heard))
        try:
            with watched("membership"):
                asked = admin.describe_consumer_groups([self._group], request_timeout=_ASK_SECONDS)
                members = asked[self._group].result(2 * _ASK_SECONDS).members
        except TimeoutError:
            return True
        except KafkaException as error:
            return bool(error.args[0].code() != KafkaError.GROUP_ID_NOT_FOUND)
        return any(member.group_instance_id == self._instance for member in members)
