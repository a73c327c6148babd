"""Retained cases through the stages after identify, for one project: what would be released under this policy, with this tagger.

Nothing is learned, nothing reaches the bus or a destination. Keys and identities are the deployment's own, so that surrogates and
offsets are those of the project.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from deidstream.adapters.sql_identity import SqlIdentityStore
from deidstream.cli.access import Access
from deidstream.cli.pipeline import Late, Stage, run
from deidstream.core.case import Case
from deidstream.core.errors import Unsafe
from deidstream.core.outcome import Outcome, Quarantine
from deidstream.core.subject import revision_of
from deidstream.ports import Kept
from deidstream.stages.fields.__main__ import build as build_fields
from deidstream.stages.heads.__main__ import build as build_heads
from deidstream.stages.image.__main__ import build as build_image
from deidstream.stages.process import Process
from deidstream.stages.resolver.__main__ import recipient_of
from deidstream.stages.resolver.config import Project, ResolverSettings
from deidstream.stages.resolver.service import Resolver
from deidstream.stages.text.__main__ import build as build_text
from deidstream.stages.text.config import TextSettings
from deidstream.stages.writer.__main__ import build as build_writer
from deidstream.stream.archiving import reopened
from deidstream.stream.collector import settle
from deidstream.stream.instances import Instance

__all__ = ["Replay"]

_RUN = 0
"""The number of the run. Those of the deployment count from 1, so no release of a replay has an id of theirs."""
_TOGETHER = 50
_STAGES = ("fields", "text", "image", "heads", "resolver", "writer")


@dataclass(frozen=True, slots=True)
class Replay:
    """Built once; tables and patterns are loaded once."""

    project: str
    process: Process
    store: SqlIdentityStore
    stages: dict[str, Stage]

    @classmethod
    def of(cls, access: Access, project: Project, text: TextSettings) -> Replay:
        """``project`` carries the policy to replay under, ``text`` the tagger. Raises Misconfigured where a key is missing."""
        opened = access.process
        using = opened.settings.replaced("text", text)
        process = Process(using, opened.deployment, access.keys(), opened.clock, Instance(_STAGES))
        settings = process.settings.section("resolver", ResolverSettings)
        stages: dict[str, Stage] = {
            "fields": build_fields(process),
            "text": build_text(process),
            "image": Late(lambda: build_image(process)),
            "heads": Late(lambda: build_heads(process)),
            "resolver": Resolver([recipient_of(project, process)], process.clock, settings),
            "writer": build_writer(process),
        }
        settle()
        store = SqlIdentityStore(process.deployment.database_url("identity"), process.keys, process.clock)
        return cls(project.name, process, store, stages)

    def outcomes(self, kept: Iterable[Kept]) -> Iterator[Sequence[Outcome]]:
        """What becomes of ``kept``, some at a time."""
        left = iter(kept)
        while some := list(islice(left, _TOGETHER)):
            cases: list[Case] = []
            lost: list[Outcome] = []
            for one in some:
                try:
                    cases.append(self._case(one))
                except Unsafe as error:  # what it names in the artifact store is gone
                    lost.append(Quarantine(Case.blank(one.case_id, one.received), error.code, error.place))
            yield [*lost, *run(cases, self.stages)]

    def _case(self, kept: Kept) -> Case:
        case = reopened(kept, self.process.keys, self.process.claims.fetch)
        subjects = tuple(self.store.refresh(case.subjects))
        header = case.header._replace(
            project=self.project, release_version=_RUN, identity_revision=revision_of(subjects)
        )
        return case.changed(header=header, subjects=subjects)
