"""Keys made before there is a deployment, and processes that are given theirs."""

import os
from pathlib import Path

import pytest
from deidstream.core.errors import Misconfigured
from deidstream.stages.process import Process
from deidstream.stream.instances import Instance
from deidstream.stream.settings import Settings
from deidstream.stream.stages import DEFAULT_CHAINS, purposes_of

from tests.cli.command import configured, run


def _given(folder: Path, keys: Path, purposes: frozenset[str]) -> None:
    """Only ``purposes``, as a mount of Secrets has them."""
    folder.mkdir()
    for file in keys.glob("*.json"):
        family = file.stem.partition(".")[0] + ".*" if "." in file.stem else file.stem
        if family in purposes:
            (folder / file.name).write_bytes(file.read_bytes())
            (folder / file.name).chmod(0o440)


def test_every_key_that_stages_and_projects_need_is_made_once(tmp_path: Path) -> None:
    config, keys = configured(tmp_path), tmp_path / "keys"
    assert run("keys", "make", keys, "--config", config).code == 0
    made = {file.stem: file.read_bytes() for file in keys.glob("*.json")}
    families = {name.partition(".")[0] for name in made}
    assert families == {one.removesuffix(".*") for chain in DEFAULT_CHAINS for one in purposes_of(chain)}
    assert {"surrogate.research", "token.research"} <= set(made)
    assert (os.stat(keys).st_mode & 0o777, os.stat(keys / "content.json").st_mode & 0o777) == (0o700, 0o600)
    assert run("keys", "make", keys, "--config", config, "--renew", "content").code == 0
    again = {file.stem: file.read_bytes() for file in keys.glob("*.json")}
    assert {name for name in made if made[name] != again[name]} == {"content"}
    refused = run("keys", "make", keys, "--config", config, "--renew", "lookup")
    assert (refused.code, "key-pinned: lookup" in refused.err) == (2, True)


@pytest.mark.parametrize("chain", DEFAULT_CHAINS, ids="+".join)
def test_a_process_starts_with_the_keys_of_its_stages_and_not_without_one_of_them(
    tmp_path: Path, chain: tuple[str, ...]
) -> None:
    config = configured(tmp_path)
    assert run("keys", "make", tmp_path / "keys", "--config", config).code == 0
    _given(tmp_path / "given", tmp_path / "keys", purposes_of(chain))
    settings = Settings.load(
        config,
        {
            "DEIDSTREAM_DEPLOYMENT__KEYS": str(tmp_path / "given"),
            "DEIDSTREAM_DEPLOYMENT__KEYS_PROVIDED": "true",
            "DEIDSTREAM_DEPLOYMENT__RENEW_KEYS_DAYS": "1e-9",
        },
    )
    before = {file.name: file.read_bytes() for file in (tmp_path / "given").iterdir()}
    keys = Process.of(settings, Instance(chain)).keys
    assert keys.mac("audit", b"x")
    for purpose in sorted(purposes_of(chain)):
        if not purpose.endswith(".*"):
            (tmp_path / "given" / f"{purpose}.json").rename(tmp_path / "away")
            with pytest.raises(Misconfigured, match=f"key-missing: {purpose}"):
                Process.of(settings, Instance(chain))
            (tmp_path / "away").rename(tmp_path / "given" / f"{purpose}.json")
    assert {file.name: file.read_bytes() for file in (tmp_path / "given").iterdir()} == before
