"""What Alembic runs: the migrations, within the transaction of whoever called it (``adapters/sql_migration``)."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
