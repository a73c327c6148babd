from __future__ import annotations

from pathlib import Path

import pytest
from deidstream.core.errors import Misconfigured
from deidstream.stream.buckets import BucketAccess
from deidstream.stream.deployment import Deployment
from deidstream.stream.settings import Settings


def pair(access: BucketAccess) -> tuple[str, str]:
    keys = access.pair()
    return keys.access_key.get_secret_value(), keys.secret_key.get_secret_value()


def test_credentials_come_from_the_environment_a_file_or_nowhere(tmp_path: Path) -> None:
    environ = {
        "DEIDSTREAM_DEPLOYMENT__ARTIFACTS_ACCESS__ACCESS_KEY": "reader",
        "DEIDSTREAM_DEPLOYMENT__ARTIFACTS_ACCESS__SECRET_KEY": "hush-hush",
    }
    deployment = Deployment.of(Settings.load(None, environ))
    assert pair(deployment.artifacts_access) == ("reader", "hush-hush")
    assert "hush" not in repr(deployment)
    (tmp_path / "keys").write_text("reader\nhush-hush\n")
    assert pair(BucketAccess(credentials=tmp_path / "keys")) == ("reader", "hush-hush")
    assert pair(BucketAccess()) == ("", "")


@pytest.mark.parametrize("content", ["hush-hush", "a\nhush-hush\nc\n", ""])
def test_a_file_that_is_not_two_lines_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys").write_text(content)
    with pytest.raises(Misconfigured) as raised:
        BucketAccess(credentials=tmp_path / "keys").pair()
    assert raised.value.code == "bucket-credentials"
    assert "hush" not in str(raised.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="two lines"):
        BucketAccess(credentials=tmp_path / "none").pair()


@pytest.mark.parametrize(
    "access", [{"access_key": "hush-hush"}, {"access_key": "a", "secret_key": "hush-hush", "credentials": "/x"}]
)
def test_half_or_double_credentials_are_refused_without_showing_them(access: dict[str, str]) -> None:
    with pytest.raises(Misconfigured) as raised:
        Deployment.of(Settings({"deployment": {"artifacts_access": access}}))
    assert "hush" not in str(raised.value)
