"""Identities, the hold, and the ledgers of what was accepted and delivered."""

from __future__ import annotations

import sqlalchemy as sql
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes all tables."""
    _identities()
    _hold()
    _acceptance()
    _delivery()


def _identities() -> None:
    op.create_table(
        "subject",
        sql.Column("id", sql.String(32), primary_key=True),
        sql.Column("revision", sql.Integer, nullable=False),
        sql.Column("key_id", sql.Text, nullable=False),
        sql.Column("nonce", sql.LargeBinary, nullable=False),
        sql.Column("ciphertext", sql.LargeBinary, nullable=False),
        sql.Column("merged_into", sql.String(32), nullable=False),
        sql.Column("created", sql.Float, nullable=False),
    )
    op.create_index("subject_merged_into", "subject", ["merged_into"])
    op.create_table(
        "identifier",
        sql.Column("hash", sql.LargeBinary(32), primary_key=True),
        sql.Column("subject_id", sql.String(32), nullable=False),
        sql.Column("origin", sql.String(32), nullable=False),
        sql.Column("slot", sql.LargeBinary(16), nullable=False),
    )
    op.create_index("identifier_subject", "identifier", ["subject_id"])
    op.create_index("identifier_origin", "identifier", ["origin"])
    op.create_table(
        "sequence",
        sql.Column("subject_id", sql.String(32), primary_key=True),
        sql.Column("source", sql.Text, primary_key=True),
        sql.Column("last", sql.BigInteger, nullable=False),
    )
    op.create_table(
        "subject_case",
        sql.Column("case_id", sql.Text, primary_key=True),
        sql.Column("subject_id", sql.String(32), primary_key=True),
        sql.Column("source", sql.Text, nullable=False),
        sql.Column("sequence", sql.BigInteger, nullable=False),
        sql.Column("at", sql.Float, nullable=False),
    )
    op.create_index("subject_case_subject", "subject_case", ["subject_id"])
    op.create_table(
        "merge_log",
        sql.Column("id", sql.Integer, primary_key=True, autoincrement=True),
        sql.Column("kind", sql.String(16), nullable=False),
        sql.Column("survivor", sql.String(32), nullable=False),
        sql.Column("prior", sql.String(32), nullable=False),
        sql.Column("at", sql.Float, nullable=False),
    )


def _hold() -> None:
    op.create_table(
        "held",
        sql.Column("stage", sql.Text, primary_key=True),
        sql.Column("id", sql.Text, primary_key=True),
        sql.Column("reason", sql.Text, nullable=False),
        sql.Column("deadline", sql.Float, nullable=False),
        sql.Column("payload", sql.LargeBinary, nullable=False),
        sql.Column("grp", sql.Text, nullable=False),
        sql.Column("ordinal", sql.Integer, nullable=False),
        sql.Column("put_at", sql.Float, nullable=False),
    )
    op.create_index("held_deadline", "held", ["stage", "deadline"])
    op.create_index("held_group", "held", ["stage", "grp"])


def _acceptance() -> None:
    op.create_table(
        "accepted",
        sql.Column("case_id", sql.Text, primary_key=True),
        sql.Column("at", sql.Float, nullable=False),
    )
    op.create_index("ix_accepted_at", "accepted", ["at"])
    op.create_table(
        "accepting",
        sql.Column("case_id", sql.Text, primary_key=True),
        sql.Column("owner", sql.Text, nullable=False),
        sql.Column("at", sql.Float, nullable=False),
    )


def _delivery() -> None:
    op.create_table(
        "delivered",
        sql.Column("destination", sql.Text, primary_key=True),
        sql.Column("release_id", sql.Text, primary_key=True),
        sql.Column("status", sql.Text, nullable=False),
        sql.Column("attempts", sql.Integer, nullable=False),
        sql.Column("at", sql.Float, nullable=False),
    )
    op.create_index("ix_delivered_at", "delivered", ["at"])
    op.create_table(
        "lanes",
        sql.Column("destination", sql.Text, primary_key=True),
        sql.Column("source", sql.Text, primary_key=True),
        sql.Column("key", sql.Text, primary_key=True),
        sql.Column("position", sql.BigInteger, nullable=False),
    )
