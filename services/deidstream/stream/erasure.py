"""Erasing a subject: what is known of the person, and what is retained of their messages."""

from __future__ import annotations

from deidstream.ports import CaseArchive, IdentityStore

__all__ = ["erase"]


def erase(subject_id: str, store: IdentityStore, archive: CaseArchive | None) -> None:
    """Deletes both, of the subject and of all that were merged into it. Done again after a failure, it deletes the rest.

    A retained case that speaks of others as well goes too.
    """
    # The cases first: which they are is known as long as the subject is.
    if archive is not None:
        archive.erase(store.cases(subject_id))
    store.erase(subject_id)
