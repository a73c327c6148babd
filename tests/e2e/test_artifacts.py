"""A deployment with an artifact store, here a folder: what is large is released as what is small is, and lies sealed."""

from __future__ import annotations

from pathlib import Path

import pytest
from deidstream.adapters.opening import open_bus
from deidstream.stream.stages import QUARANTINE, RELEASES, inbox

from tests.harness.client import cli, eventually, message, mllp
from tests.harness.deployment import deployment

pytestmark = pytest.mark.slow

MARK = "MARGINALIA9"


def large(control: str, charset: str = "UNICODE UTF-8") -> bytes:
    waves = [f"OBX|{n}|NA|W^wave||{'~'.join(f'{n}.{value:04}' for value in range(2000))}||||||F" for n in range(1, 20)]
    note = f"OBX|99|TX|N^note||Seen with {MARK}||||||F"
    content = message(control, "4711", *waves, note, kind="ORU^R01^ORU_R01")
    return content.replace(b"UNICODE UTF-8", charset.encode())


def test_large_messages_go_by_claim_check(tmp_path: Path) -> None:
    store = tmp_path / "artifacts"
    with deployment(tmp_path, {"artifacts": f"file://{store}"}) as running:
        running.start()
        running.wait_ready()
        assert mllp(running.mllp, large("BIG"), message("SMALL", "4712")) == ["CA", "CA"]
        released = eventually(lambda: (found := running.releases()) and len(found) == 2 and found)
        assert sorted(len(one.content) > 200_000 for one in released) == [False, True]
        assert eventually(lambda: len(list(running.released.glob("*.hl7"))) == 2)
        assert mllp(running.mllp, large("BAD", "KLINGON") + b"\0\xff\r") == ["CA"]
        assert eventually(lambda: running.quarantined() == 1)
        identifier = cli(running, "quarantine", "list").stdout.split("│")[1].split()[0]
        assert cli(running, "quarantine", "show", identifier, "--out", str(tmp_path / "shown")).returncode == 0
        assert MARK.encode() in (tmp_path / "shown").read_bytes()
        found = cli(running, "artifacts", "collect", "--older-than", "1").stdout
        assert found.startswith("0 orphans")
    objects = [path for path in store.rglob("*") if path.is_file()]
    assert sorted({path.relative_to(store).parts[0] for path in objects}) == ["cases", "releases"]
    assert not any(MARK.encode() in path.read_bytes() for path in objects)
    bus = open_bus(f"sqlite:///{running.state / 'bus.sqlite'}")
    records = [record for topic in (inbox("identify"), RELEASES, QUARANTINE) for record in bus.scan(topic)]
    assert len(records) == 6
    assert max(len(record.value) for record in records) < 20_000
