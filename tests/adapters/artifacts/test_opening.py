from __future__ import annotations

from pathlib import Path

import pytest
from deidstream.adapters.artifacts_files import FileArtifacts
from deidstream.adapters.artifacts_memory import MemoryArtifacts
from deidstream.adapters.opening import open_artifacts
from deidstream.adapters.s3_client import S3Address, S3Bucket
from deidstream.core.errors import Misconfigured


def test_the_url_says_which_store(tmp_path: Path) -> None:
    assert isinstance(open_artifacts(f"file://{tmp_path}/a"), FileArtifacts)
    assert isinstance(open_artifacts("memory:"), MemoryArtifacts)


@pytest.mark.parametrize("url", ["", "/folder", "https://bucket", "s4://bucket"])
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="artifacts-url"):
        open_artifacts(url)


@pytest.mark.parametrize(
    "url",
    [
        "s3://",
        "s3://bucket/prefix",
        "s3:///prefix?endpoint=http://h:1",
        "s3://bucket?endpoint=h:1",
        "s3://bucket?endpoint=ftp://h",
        "s3://bucket?endpoint=http://h:1/path",
        "s3://bucket?endpoint=http://h:port",
        "s3://bucket?endpoint=http://user:hush-hush@h:1",
    ],
)
def test_an_s3_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="s3-url"):
        S3Bucket.open(S3Address(url, "a", "hush-hush"))


@pytest.mark.parametrize(("path", "prefix"), [("", ""), ("/", ""), ("/a", "a/"), ("/a/b/", "a/b/"), ("/a%20b", "a b/")])
def test_the_path_is_the_prefix(path: str, prefix: str) -> None:
    bucket = S3Bucket.open(S3Address(f"s3://bucket{path}?endpoint=http://127.0.0.1:1", "a", "hush-hush"))
    assert (bucket.name, bucket.prefix) == ("bucket", prefix)
    assert "hush" not in repr(bucket)


def test_a_bucket_that_is_away_is_no_reason_not_to_start() -> None:
    open_artifacts("s3://bucket?endpoint=http://127.0.0.1:1", "a", "b")
