"""Which identifiers of a message join records, and in what form they are compared."""

from __future__ import annotations

from collections.abc import Iterable

from deidstream.core.subject import Identifier
from deidstream.stages.identify.config import IdentifyConfig, StrongIdentifier, folded

__all__ = ["StrongLinks"]

_LOCAL = "source:"
_MINIMUM_LENGTH = 2


class StrongLinks:
    """The rules of the configuration, made ready: built once, then one dictionary look-up an identifier."""

    def __init__(self, config: IdentifyConfig) -> None:
        self._aliases = config.all_aliases
        self._issuer_types = config.all_issuer_types
        self._defaults = config.default_issuers
        self._placeholders = frozenset(_bare(word) for word in config.placeholders)
        self._rules: dict[str, list[tuple[int, StrongIdentifier]]] = {}
        for rank, rule in enumerate(config.strong):
            for kind in rule.types:
                self._rules.setdefault(kind, []).append((rank, rule))

    def of(
        self, identifiers: Iterable[Identifier], source: str
    ) -> tuple[tuple[Identifier, ...], tuple[Identifier, ...]]:
        """The strong ones, the strongest first, with issuer and value as compared; and those of them that are single-valued."""
        ranked: dict[Identifier, tuple[int, str, str]] = {}
        single = {}
        for written in identifiers:
            found = self._strong(written, source)
            if found is None:
                continue
            rank, rule, identifier = found
            ranked.setdefault(identifier, (rank, identifier.issuer, identifier.value))
            if rule.single_valued:
                single[identifier] = True
        return tuple(sorted(ranked, key=ranked.__getitem__)), tuple(single)

    def order(self, identifier: Identifier) -> tuple[int, str, str]:
        """What strong identifiers (as ``of`` gives them) are sorted by."""
        rules = self._rules.get(identifier.type, ())
        rank = next(
            (rank for rank, rule in rules if not rule.issuers or identifier.issuer in rule.issuers), len(self._rules)
        )
        return rank, identifier.issuer, identifier.value

    def _strong(self, written: Identifier, source: str) -> tuple[int, StrongIdentifier, Identifier] | None:
        value = written.value.strip()
        bare = _bare(value)
        if len(bare) < _MINIMUM_LENGTH or bare in self._placeholders or (len(bare) > 2 and len(set(bare)) == 1):
            return None
        kind = written.type.strip().upper()
        issuer = self._issuer(written.issuer, source, kind)
        kind = self._issuer_types.get(issuer, kind)
        for rank, rule in self._rules.get(kind, ()):
            if not rule.issuers or issuer in rule.issuers:
                return rank, rule, self._compared(rule, issuer, value, bare)
        return None

    def _issuer(self, written: str, source: str, kind: str) -> str:
        if not written and any(rule.local for _, rule in self._rules.get(kind, ())):
            return _LOCAL + source
        issuer = written or self._defaults.get(source, "")
        if not issuer:
            return _LOCAL + source
        key = folded(issuer)
        return self._aliases.get(key, key)

    @staticmethod
    def _compared(rule: StrongIdentifier, issuer: str, value: str, bare: str) -> Identifier:
        if rule.national and issuer.startswith(_LOCAL):
            issuer = ""
        return Identifier(issuer, rule.types[0], bare if rule.national else value.upper())


def _bare(value: str) -> str:
    return "".join(character for character in value.upper() if character.isalnum())
