"""The tables of the identity store, in SQL that SQLite and PostgreSQL share.

Nothing in them can be read without a key: identifiers are keyed hashes, what is known is sealed, ids are opaque.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

__all__ = [
    "IDENTIFIER",
    "MERGE_LOG",
    "METADATA",
    "SEARCH",
    "SEQUENCE",
    "SUBJECT",
    "SUBJECT_CASE",
]

METADATA = MetaData()

SUBJECT = Table(
    "subject",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("merged_into", String(32), nullable=False),
    Column("created", Float, nullable=False),
)
Index("subject_merged_into", SUBJECT.c.merged_into)

IDENTIFIER = Table(
    "identifier",
    METADATA,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("subject_id", String(32), nullable=False),
    Column("origin", String(32), nullable=False),
    Column("slot", LargeBinary(16), nullable=False),
)
Index("identifier_subject", IDENTIFIER.c.subject_id)
Index("identifier_origin", IDENTIFIER.c.origin)

SEQUENCE = Table(
    "sequence",
    METADATA,
    Column("subject_id", String(32), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

SUBJECT_CASE = Table(
    "subject_case",
    METADATA,
    Column("case_id", Text, primary_key=True),
    Column("subject_id", String(32), primary_key=True),
    Column("source", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
)
Index("subject_case_subject", SUBJECT_CASE.c.subject_id)

MERGE_LOG = Table(
    "merge_log",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("survivor", String(32), nullable=False),
    Column("prior", String(32), nullable=False),
    Column("at", Float, nullable=False),
)

SEARCH = Table(
    "search",
    METADATA,
    Column("subject_id", String(32), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("since", Float, nullable=False),
    Column("at", Float, nullable=False),
)
Index("search_at", SEARCH.c.at)
