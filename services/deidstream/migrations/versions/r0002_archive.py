"""Retained cases, what was released of them, and which subjects' cases are to be searched again."""

from __future__ import annotations

import sqlalchemy as sql
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the tables."""
    _searches()
    _archive()


def _searches() -> None:
    op.create_table(
        "search",
        sql.Column("subject_id", sql.String(32), primary_key=True),
        sql.Column("revision", sql.Integer, nullable=False),
        sql.Column("since", sql.Float, nullable=False),
        sql.Column("at", sql.Float, nullable=False),
    )
    op.create_index("search_at", "search", ["at"])


def _archive() -> None:
    op.create_table(
        "retained_case",
        sql.Column("case_id", sql.Text, primary_key=True),
        sql.Column("received", sql.Float, nullable=False),
        sql.Column("subjects", sql.Text, nullable=False),
        sql.Column("searchable", sql.Boolean, nullable=False),
        sql.Column("payload", sql.LargeBinary, nullable=False),
    )
    op.create_index("retained_case_received", "retained_case", ["received"])
    op.create_table(
        "case_run",
        sql.Column("case_id", sql.Text, primary_key=True),
        sql.Column("project", sql.Text, primary_key=True),
        sql.Column("version", sql.BigInteger, nullable=False),
        sql.Column("release_id", sql.Text, nullable=False),
        sql.Column("supersedes", sql.Text, nullable=False),
        sql.Column("places", sql.Text, nullable=False),
        sql.Column("revision", sql.BigInteger, nullable=False),
        sql.Column("ticket", sql.Text, nullable=False),
    )
