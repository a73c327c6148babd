"""A deployment that is wrong refuses to start, says where, and shows no content."""

from tests.harness.client import cli
from tests.harness.deployment import deployment


def test_a_policy_with_a_typo_is_refused_with_its_line(tmp_path):
    policy = tmp_path / "mine.yaml"
    policy.write_text("name: mine\nversion: '1'\ndefault: redact\ncategories:\n  name: pseudonim\n")
    with deployment(tmp_path, resolver={"projects": [{"name": "research", "policy": str(policy)}]}) as running:
        result = cli(running, "config", "check")
    assert result.returncode == 2
    assert "mine.yaml:5" in result.stderr
    assert "Traceback" not in result.stderr


def test_keys_that_others_can_read_are_refused(tmp_path):
    with deployment(tmp_path) as running:
        keys = running.state / "keys"
        keys.mkdir(parents=True, mode=0o755)
        keys.chmod(0o755)
        result = cli(running, "up", "--here", "--chain", "ingest")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_a_file_that_is_no_database_is_refused(tmp_path):
    with deployment(tmp_path) as running:
        running.state.mkdir(mode=0o700)
        (running.state / "bus.sqlite").write_bytes(b"Zanzibarski" * 1000)
        result = cli(running, "up", "--here", "--chain", "ingest")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "Zanzibarski" not in result.stderr + result.stdout
