"""A scan in a watched folder, through processes of their own: the one that reads pages, and the one that writes them."""

from __future__ import annotations

from pathlib import Path

from tests.formats.pdf.made import scanned, text_of
from tests.harness.client import eventually
from tests.harness.deployment import deployment

LETTER = ["Patient: Adabel Quiltrane, MRN 4711081", "Mrs. Quiltrane has Hodgkin lymphoma."]


def test_a_scan_comes_out_of_a_deployment_readable_and_without_its_patient(tmp_path: Path) -> None:
    with deployment(tmp_path) as running:
        running.start()
        running.wait_ready()
        (tmp_path / "drop" / "letter.pdf").write_bytes(scanned(LETTER))
        assert eventually(lambda: list(running.released.rglob("*.pdf")), 240)
        [released] = running.released.rglob("*.pdf")
        text = text_of(released.read_bytes())
        assert "Hodgkin lymphoma" in " ".join(text.split())
        assert "Quiltrane" not in text
        assert "4711081" not in text
