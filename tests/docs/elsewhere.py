"""Commands of the docs that are not run here, each with the reason and with what proves it instead. Nothing else is left out."""

from __future__ import annotations

__all__ = ["ELSEWHERE"]

_LONG = "takes minutes to hours, and is run by people, or by CI itself"
_CLUSTER = "needs a cluster: tests/deploy/test_cluster.py installs, upgrades and rolls back on a real API server"

ELSEWHERE: dict[str, str] = {
    "make": f"{_LONG}; that the target exists is checked",
    "kubectl": _CLUSTER,
    "buildah": "builds an image: tests/deploy/test_image.py does, and starts it",
    "deidstream dev kafka": "fetches a broker by Maven: tests/cli/test_dev.py, and make test-full runs on one",
    "deidstream up --bus kafka": "needs the broker: tests/full/test_rights.py, tests/full/test_replicas.py",
    "deidstream topics": "needs the broker: tests/full/test_kafka_topics.py, tests/full/test_rights.py",
    "deidstream database": "needs PostgreSQL: tests/full/test_postgres_deployment.py, tests/full/test_postgres_schema.py",
    "deidstream monitor": "needs the broker: tests/full/test_monitor.py",
    "deidstream evaluate data/": "measures on corpora that lie elsewhere: make evaluate; tests/evaluate/test_command.py",
    "deidstream train": "needs PyTorch: tests/training/torch",
    "deidstream artifacts": "needs a bucket: tests/full/test_artifacts_in_s3.py, tests/cli/test_artifacts.py",
    "vault": "needs a Vault: tests/full/test_vault_keys.py does the same through its API",
    "deidstream keys make --config vault.yaml": "needs a Vault: tests/full/test_vault_keys.py",
    "deidstream keys import": "needs a Vault or a KMS: tests/full/test_vault_keys.py, tests/full/test_kms_keys.py",
    "pg_dump": "needs PostgreSQL's tools and a server",
}
"""By how a command begins."""
