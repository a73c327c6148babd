"""Monitor: watches what the pipeline says of itself, beside the data path and never in it.

In: ``deidstream.audit.v1``, and where there are canaries ``deidstream.releases.v1`` (committed records, opened with the release
key). Out: metrics and log events. It writes to no topic but the changelog of its own table, has a group of its own, and may be
stopped or killed at any time. What it counts, it counts at least once: for dashboards, not for accounts. The audit log and the
ledgers are the accounts.
"""
