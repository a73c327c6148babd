"""Identities of many inputs, gathered before any is handled, so that the result depends on no order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from deidstream.core.subject import Identifier, Known
from deidstream.ports import Seen

__all__ = ["Learned"]

_Names = tuple[Identifier, ...]
_Order = Callable[[Identifier], tuple[int, str, str]]


@dataclass(slots=True)
class _Heard:
    """What all messages said that named a person by just these identifiers."""

    single: set[Identifier] = field(default_factory=set)
    groups: set[tuple[Known, ...]] = field(default_factory=set)
    sexes: set[str] = field(default_factory=set)
    languages: set[str] = field(default_factory=set)


class Learned:
    """People as sets of identifiers: whatever one message names together belongs together.

    Where that would give somebody two values of a single-valued identifier, these values are *disputed*: they join nothing and
    stand alone, so that handling a message that names one of them beside other identifiers meets a contradiction.
    """

    def __init__(self, order: _Order) -> None:
        self._order = order
        self._heard: dict[_Names, _Heard] = {}
        self._links: set[tuple[str, Seen, Seen]] = set()

    def __bool__(self) -> bool:
        return bool(self._heard or self._links)

    def hear(self, person: Seen) -> None:
        """One message about one person; whom nothing identifies is not learned."""
        if not person.identifiers:
            return
        heard = self._heard.setdefault(person.identifiers, _Heard())
        heard.single.update(person.single_valued)
        heard.groups.update(_groups(person.known))
        heard.sexes.update({person.sex} - {"", "unknown"})
        heard.languages.update({person.language} - {""})

    def link(self, kind: str, survivor: Seen, prior: Seen) -> None:
        """A statement that two are one, or are not."""
        self._links.add((kind, replace(survivor, case_id=""), replace(prior, case_id="")))

    def persons(self) -> list[Seen]:
        """One for each person, in an order that depends on the identifiers alone."""
        disputed = {
            identifier
            for together in _joined(self._heard)
            for identifier in _disputed({one for names in together for one in self._heard[names].single})
        }
        reduced: dict[_Names, list[_Heard]] = {}
        for names, heard in self._heard.items():
            kept = tuple(identifier for identifier in names if identifier not in disputed) or names[:1]
            reduced.setdefault(kept, []).append(heard)
        people = [self._seen(together, reduced) for together in _joined(reduced)]
        named = {identifier for seen in people for identifier in seen.identifiers}
        people += [Seen((identifier,), single_valued=(identifier,)) for identifier in disputed - named]
        return sorted(people, key=lambda seen: [self._order(identifier) for identifier in seen.identifiers])

    def links(self) -> list[tuple[str, Seen, Seen]]:
        """In an order that depends on the identifiers alone; what takes a merge back comes last."""
        return sorted(self._links, key=self._link_order)

    def _link_order(self, link: tuple[str, Seen, Seen]) -> tuple[object, ...]:
        kind, survivor, prior = link
        return kind == "unlink", kind, *([self._order(one) for one in seen.identifiers] for seen in (survivor, prior))

    def _seen(self, together: Collection[_Names], heard: Mapping[_Names, Sequence[_Heard]]) -> Seen:
        parts = [part for names in together for part in heard[names]]
        identifiers = sorted({identifier for names in together for identifier in names}, key=self._order)
        single = {identifier for part in parts for identifier in part.single}
        return Seen(
            tuple(identifiers),
            _labelled({group for part in parts for group in part.groups}),
            min((sex for part in parts for sex in part.sexes), default=""),
            min((language for part in parts for language in part.languages), default=""),
            single_valued=tuple(identifier for identifier in identifiers if identifier in single),
        )


def _joined(named: Iterable[_Names]) -> list[list[_Names]]:
    """The sets of identifiers, those that share one put together."""
    parent: dict[Identifier, Identifier] = {}

    def root(identifier: Identifier) -> Identifier:
        while (above := parent.setdefault(identifier, identifier)) is not identifier:
            parent[identifier] = parent[above]
            identifier = above
        return identifier

    everything = list(named)
    for names in everything:
        for identifier in names[1:]:
            parent[root(identifier)] = root(names[0])
    together: dict[Identifier, list[_Names]] = {}
    for names in everything:
        together.setdefault(root(names[0]), []).append(names)
    return list(together.values())


def _disputed(single: Iterable[Identifier]) -> set[Identifier]:
    of_register: dict[tuple[str, str], set[Identifier]] = {}
    for identifier in single:
        of_register.setdefault((identifier.type, identifier.issuer), set()).add(identifier)
    return {identifier for values in of_register.values() if len(values) > 1 for identifier in values}


def _groups(known: Sequence[Known]) -> list[tuple[Known, ...]]:
    labelled: dict[tuple[str, str], list[Known]] = {}
    for number, item in enumerate(known):
        labelled.setdefault((item.role, item.group or f"#{number}"), []).append(item._replace(group=""))
    return [tuple(sorted(group, key=_known_order)) for group in labelled.values()]


def _labelled(groups: Iterable[tuple[Known, ...]]) -> tuple[Known, ...]:
    in_order = sorted(groups, key=lambda group: (-len(group), [_known_order(item) for item in group]))
    return tuple(item._replace(group=str(label)) for label, group in enumerate(in_order) for item in group)


def _known_order(item: Known) -> tuple[str, ...]:
    return item.role, item.category, item.form, item.value, item.issuer
