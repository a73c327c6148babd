"""Large messages through a deployment whose artifacts lie in a bucket of a real server."""

from __future__ import annotations

import base64
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
from deidstream.adapters.memory_hold import MemoryHold
from deidstream.adapters.opening import open_bus
from deidstream.stream import quarantine
from deidstream.stream.orphans import named
from minio.commonconfig import ENABLED, Filter
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule

from tests.cli.command import run
from tests.full.java import wait_for
from tests.full.seaweed import ACCESS, SECRET, Seaweed, seaweed
from tests.harness.client import message, mllp
from tests.harness.deployment import Running, deployment

pytestmark = pytest.mark.full


@dataclass(frozen=True)
class Site:
    running: Running
    server: Seaweed


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        server.bucket("artifacts")
        (folder / "credentials").write_text(f"{ACCESS}\n{SECRET}\n")
        where = {
            "artifacts": server.url("artifacts", "hospital"),
            "artifacts_access": {"credentials": str(folder / "credentials")},
        }
        with deployment(folder, where) as running:
            running.start()
            running.wait_ready()
            yield Site(running, server)


@dataclass(frozen=True)
class Large:
    """A message of about ``size`` bytes: half a picture that nobody can read, half measurements that stay."""

    control: str
    size: int

    @property
    def picture(self) -> str:
        return base64.b64encode(random.Random(self.control).randbytes(self.size * 3 // 8)).decode()

    @property
    def measured(self) -> list[str]:
        digits = random.Random(self.control + "!")
        return [f"{digits.randrange(10**9) / 1e4:.4f}" for _ in range(self.size // 22)]

    @property
    def content(self) -> bytes:
        values = self.measured
        waves = [f"OBX|{n}|NA|W^wave||{'~'.join(values[n : n + 2000])}||||||F" for n in range(0, len(values), 2000)]
        picture = f"OBX|1|ED|P^photograph||^image^jpeg^Base64^{self.picture}||||||F"
        return message(self.control, "4711", picture, *waves, kind="ORU^R01^ORU_R01")


def delivered(site: Site) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in site.running.released.glob("*.hl7")}


def await_delivered(site: Site, count: int, seconds: float = 180) -> dict[str, bytes]:
    wait_for(lambda: len(delivered(site)) >= count, f"{count} releases are delivered", seconds)
    assert site.running.quarantined() == 0
    return delivered(site)


def keys(site: Site) -> list[str]:
    store = site.running.process().artifacts()
    assert store is not None
    return [one.key for one in store.list()]


def on_disk(site: Site, *needles: str) -> list[str]:
    """Which of ``needles`` lie anywhere in the server's files."""
    files = [path for path in site.server.folder.rglob("*") if path.is_file()]
    contents = [path.read_bytes() for path in files]
    assert sum(map(len, contents)) > 8 << 20, "this is not where the server keeps its objects"
    return [needle for needle in needles if any(needle.encode() in content for content in contents)]


def test_large_messages_are_released_once_and_nothing_of_them_can_be_read_in_the_bucket(site: Site) -> None:
    sent = [Large("SMALL", 2_000), Large("MEDIUM", 200_000), Large("LARGE", 8_000_000)]
    for one in sent:
        assert mllp(site.running.mllp, one.content) == ["CA"]
    contents = await_delivered(site, len(sent))
    assert len(site.running.releases()) == len(sent)
    for one in sent:
        (found,) = [content for content in contents.values() if one.measured[0].encode() in content]
        assert one.picture[:40].encode() not in found
        assert Counter(re.findall(rb"\d+\.\d{4}", found)) == Counter(value.encode() for value in one.measured)
    parts = Counter(re.sub(r"/[0-9a-f]{32}/(\w+)-[0-9a-f]{32}", r"/\1", key) for key in keys(site))
    assert (parts["cases/source"], parts["releases/release"]) == (2, 2)
    planted = [one.picture[start : start + 40] for one in sent for start in (0, len(one.picture) // 2)]
    planted += ["~".join(one.measured[10:14]) for one in sent] + ["Winterbourne"]
    assert on_disk(site, *planted) == []


def test_retention_is_told_to_the_bucket_and_compared(site: Site) -> None:
    config = site.running.folder / "deidstream.yaml"
    assert run("artifacts", "check", "--config", config).code == 1
    assert run("artifacts", "apply", "--config", config).code == 0
    ran = run("artifacts", "check", "--config", config)
    assert (ran.code, ran.out.count("90")) == (0, 6)
    rules = site.server.client().get_bucket_lifecycle("artifacts").rules
    assert {(rule.rule_filter.prefix, rule.expiration.days) for rule in rules} == {
        (f"hospital/{area}/", 90) for area in ("raw", "cases", "releases")
    }


def test_rules_that_others_have_set_stay(site: Site) -> None:
    config = site.running.folder / "deidstream.yaml"
    theirs = Rule(ENABLED, rule_filter=Filter(prefix="backup/"), rule_id="backup", expiration=Expiration(days=5))
    site.server.client().set_bucket_lifecycle("artifacts", LifecycleConfig([theirs]))
    for _ in range(2):
        assert run("artifacts", "apply", "--config", config).code == 0
    rules = site.server.client().get_bucket_lifecycle("artifacts").rules
    assert sorted(rule.rule_id for rule in rules)[0] == "backup"
    assert len(rules) == 4


def test_nothing_that_is_named_is_collected(site: Site) -> None:
    config = site.running.folder / "deidstream.yaml"
    ran = run("artifacts", "collect", "--older-than", "1", "--config", config)
    assert (ran.code, ran.out.split()[0]) == (0, "0")


def test_a_large_message_in_quarantine_is_shown_and_replayed(site: Site, tmp_path: Path) -> None:
    config = site.running.folder / "deidstream.yaml"
    before = len(delivered(site))
    good = Large("BAD", 150_000).content
    bad = good.replace(b"UNICODE UTF-8", b"KLINGON") + b"\0\xff\r"
    assert mllp(site.running.mllp, bad) == ["CA"]
    wait_for(lambda: site.running.quarantined() == 1, "it is in quarantine")
    (record,) = quarantine.list_open(open_bus(f"sqlite:///{site.running.state / 'bus.sqlite'}"))
    assert len(record.payload) < 10_000
    assert run("quarantine", "show", record.id, "--out", tmp_path / "shown.hl7", "--config", config).code == 0
    assert (tmp_path / "shown.hl7").read_bytes() == bad
    (tmp_path / "mended.hl7").write_bytes(good)
    command = ("quarantine", "replay", record.id, "--corrected", tmp_path / "mended.hl7", "--config", config)
    assert run(*command).code == 0
    await_delivered(site, before + 1)


def send_until_accepted(port: int, content: bytes, answers: list[str]) -> None:
    """As a sender does: what was not accepted is sent again."""
    until = time.monotonic() + 120
    while answers[-1:] != ["CA"]:
        assert time.monotonic() < until
        with suppress(OSError):
            answers += mllp(port, content)
        time.sleep(0.2)


def test_a_server_that_is_killed_during_a_feed_loses_nothing_and_doubles_nothing(site: Site) -> None:
    before = len(delivered(site))
    sent = [Large(f"FEED{n}", 200_000) for n in range(14)]
    answers: list[list[str]] = [[] for _ in sent]

    def feed() -> None:
        for one, codes in zip(sent, answers, strict=True):
            send_until_accepted(site.running.mllp, one.content, codes)

    feeding = Thread(target=feed)
    feeding.start()
    wait_for(lambda: len(delivered(site)) >= before + 3, "the feed is under way", 60)
    site.server.kill()
    time.sleep(1)
    accepted = sum(codes.count("CA") for codes in answers)
    time.sleep(2)
    assert sum(codes.count("CA") for codes in answers) == accepted < len(sent)
    site.server.start()
    feeding.join(150)
    contents = await_delivered(site, before + len(sent))
    assert len(site.running.releases()) == before + len(sent)
    for one in sent:
        assert len([content for content in contents.values() if one.measured[0].encode() in content]) == 1
    assert "chain.stopped" not in (site.running.folder / "up.log").read_text()


def test_processes_that_are_killed_during_a_feed_lose_nothing_and_double_nothing(site: Site) -> None:
    before = len(delivered(site))
    sent = [Large(f"KILL{n}", 200_000) for n in range(10)]

    def feed() -> None:
        for one in sent:
            send_until_accepted(site.running.mllp, one.content, [])

    feeding = Thread(target=feed)
    feeding.start()
    for count in (2, 5):
        wait_for(lambda: len(delivered(site)) >= before + count, "the feed is under way", 60)  # noqa: B023
        for child in site.running.children():
            os.kill(child, signal.SIGKILL)
        time.sleep(2)
    feeding.join(150)
    contents = await_delivered(site, before + len(sent))
    assert len(site.running.releases()) == len(contents) == before + len(sent)
    for one in sent:
        assert len([content for content in contents.values() if one.measured[0].encode() in content]) == 1
    store = site.running.process().artifacts()
    assert store is not None
    named_ = named(open_bus(f"sqlite:///{site.running.state / 'bus.sqlite'}"), MemoryHold())
    assert named_ <= {one.key for one in store.list()}


@pytest.mark.parametrize(
    ("bucket", "secret", "code"), [("artifacts", "wrong", "s3-credentials"), ("not-there", SECRET, "s3-no-bucket")]
)
def test_what_the_operator_must_mend_stops_the_start_with_a_hint(
    site: Site, tmp_path: Path, bucket: str, secret: str, code: str
) -> None:
    access = {"access_key": ACCESS, "secret_key": secret}
    with deployment(tmp_path, {"artifacts": site.server.url(bucket), "artifacts_access": access}) as running:
        running.start()
        wait_for(lambda: code.encode() in (tmp_path / "up.log").read_bytes(), "it says what is wrong")
        assert running.supervisor is not None
        wait_for(lambda: running.supervisor.poll() is not None, "it ends", 30)
        assert secret not in (tmp_path / "up.log").read_text()
