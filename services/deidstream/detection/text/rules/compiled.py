"""Patterns as databases. Compiling takes a second of each start, loading what an earlier start compiled a millisecond."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

import hyperscan

from deidstream.detection.text.rules.rule import Rule

__all__ = ["database"]

_DIGEST = hashlib.sha256().digest_size


def database(rules: Sequence[Rule], folder: Path | None = None) -> hyperscan.Database:
    """One that finds the triggers of ``rules``, each under its index. It is kept in ``folder``, where there is one: a file that
    is missing, damaged, or of another machine or version of the library is written anew."""
    path = folder / f"{_name(rules)}.hs" if folder else None
    found = _loaded(path) if path else None
    if found is None:
        found = _compiled(rules)
        if path:
            _save(path, hyperscan.dumpb(found))
    return found


def _compiled(rules: Sequence[Rule]) -> hyperscan.Database:
    found = hyperscan.Database()
    found.compile(
        expressions=[rule.trigger for rule in rules],
        ids=list(range(len(rules))),
        elements=len(rules),
        flags=[_flags(rule) for rule in rules],
    )
    return found


def _flags(rule: Rule) -> int:
    return hyperscan.HS_FLAG_SOM_LEFTMOST | (hyperscan.HS_FLAG_CASELESS if rule.caseless else 0)


def _name(rules: Sequence[Rule]) -> str:
    """Of the patterns alone: another set never has it."""
    digest = hashlib.sha256()
    for rule in rules:
        digest.update(b"%d %d " % (_flags(rule), len(rule.trigger)) + rule.trigger)
    return digest.hexdigest()


def _loaded(path: Path) -> hyperscan.Database | None:
    """The library checks version and machine, but trusts what follows: so the whole is checked first."""
    with suppress(OSError, hyperscan.error):
        stored = path.read_bytes()
        digest, dump = stored[:_DIGEST], stored[_DIGEST:]
        if hashlib.sha256(dump).digest() == digest:
            return hyperscan.loadb(dump, hyperscan.HS_MODE_BLOCK)
    return None


def _save(path: Path, dump: bytes) -> None:
    """Whole or not at all; where it cannot be written, the next start compiles again."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            file.write(hashlib.sha256(dump).digest() + dump)
        os.replace(file.name, path)
