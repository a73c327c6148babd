"""Lifecycle rules of a bucket: ours by their ids, everybody else's left as they are."""

from __future__ import annotations

from collections.abc import Mapping

from minio.commonconfig import ENABLED, Filter
from minio.lifecycleconfig import AbortIncompleteMultipartUpload, Expiration, LifecycleConfig, Rule

from deidstream.adapters.s3_client import S3Bucket, guarded

__all__ = ["expire", "expiry"]


def expire(bucket: S3Bucket, days: Mapping[str, int]) -> None:
    """Objects below each area are deleted so many days after they were put; uploads that were broken off, after one."""
    ours = [_rule(bucket, area, count) for area, count in days.items()]
    ids = {rule.rule_id for rule in ours}
    others = [rule for rule in _rules(bucket) if rule.rule_id not in ids]
    guarded(lambda: bucket.client.set_bucket_lifecycle(bucket.name, LifecycleConfig([*others, *ours])))


def expiry(bucket: S3Bucket) -> dict[str, int]:
    """Days of each area that has a rule of ours in force."""
    found = {}
    for rule in _rules(bucket):
        prefix = rule.rule_filter.prefix if rule.rule_filter else None
        area = (prefix or "").removeprefix(bucket.prefix).rstrip("/")
        days = rule.expiration.days if rule.expiration else None
        if rule.status == ENABLED and days and rule.rule_id == _id(bucket, area) and prefix == _prefix(bucket, area):
            found[area] = int(days)
    return found


def _rules(bucket: S3Bucket) -> list[Rule]:
    config = guarded(lambda: bucket.client.get_bucket_lifecycle(bucket.name))
    return list(config.rules) if config else []


def _rule(bucket: S3Bucket, area: str, days: int) -> Rule:
    return Rule(
        ENABLED,
        rule_filter=Filter(prefix=_prefix(bucket, area)),
        rule_id=_id(bucket, area),
        expiration=Expiration(days=days),
        abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(days_after_initiation=1),
    )


def _prefix(bucket: S3Bucket, area: str) -> str:
    return f"{bucket.prefix}{area}/"


def _id(bucket: S3Bucket, area: str) -> str:
    """Several deployments may share a bucket, each with a prefix of its own."""
    return f"deidstream-{bucket.prefix.replace('/', '-')}{area}"
