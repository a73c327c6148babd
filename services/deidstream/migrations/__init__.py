"""The migrations of PostgreSQL, oldest first under ``versions``. They go forward only: a backup takes them back.

A new one is written by hand; ``tests/full/test_postgres_schema.py`` says whether migrations and tables agree. Its revision also
goes to ``adapters/sql_schema.REVISIONS``.
"""
