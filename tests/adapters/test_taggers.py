"""Where a tagger lies: a folder, or a tier that comes with deidstream."""

from __future__ import annotations

from pathlib import Path

import pytest
from deidstream.adapters import taggers
from deidstream.adapters.taggers import TIERS, folder_of, open_tagger
from deidstream.core.document import Part
from deidstream.core.errors import Misconfigured

from tests.detection.text.tagger import tiny

MOST_BYTES = 75_000_000


def test_a_folder_is_what_it_says() -> None:
    assert folder_of("/srv/tagger") == Path("/srv/tagger")


def test_a_folder_of_the_name_of_a_tier_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder_of("fast").is_absolute()
    tiny.save(tmp_path / "fast", {"Anna": "B-name"})
    assert folder_of("fast") == Path("fast")


def test_a_tier_that_is_not_there_is_a_mistake_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taggers, "_RELEASED", tmp_path)
    with pytest.raises(Misconfigured) as raised:
        folder_of("standard")
    assert (raised.value.code, raised.value.place) == ("model-missing", "standard")


@pytest.mark.parametrize("tier", TIERS)
def test_what_is_released_is_whole_small_enough_and_reads_nine_languages(tier: str) -> None:
    folder = folder_of(tier)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= MOST_BYTES
    assert (folder / "README.md").exists()
    assert {"LICENSE", "NOTICE"} <= {path.name for path in folder.parent.iterdir()}
    texts = {
        "Wiederaufnahme von Frau Ilse Quadflieg wegen Dyspnoe.": "Ilse Quadflieg",
        "Patient Thaddeus Quiltrane was admitted with chest pain.": "Thaddeus Quiltrane",
        "La paciente Remedios Villaquirán ingresó por disnea.": "Remedios Villaquirán",
        "Madame Solène Kervadec est admise pour une dyspnée.": "Solène Kervadec",
        "Il paziente Ermanno Bragadin lamenta dolore toracico.": "Ermanno Bragadin",
        "Mevrouw Aaltje Hoekzema werd opgenomen met benauwdheid.": "Aaltje Hoekzema",
        "A doente Benedita Vasconcelos foi internada por dispneia.": "Benedita Vasconcelos",
        "تم إدخال المريض سليمان الدباغ بسبب ألم في الصدر.": "سليمان الدباغ",
        "患者欧阳慕雪因胸痛入院。": "欧阳慕雪",
    }
    parts = [Part(str(number), text, ()) for number, text in enumerate(texts)]
    found = open_tagger(folder).find(parts)
    missed = [
        name
        for (text, name), findings in zip(texts.items(), found, strict=True)
        if not _covered(text.index(name), len(name), [one.span for one in findings if one.span])
    ]
    assert (
        len(missed) <= 1
    )  # how often one is missed the cards say; a model that has not learned a language misses it always


def _covered(start: int, length: int, spans: list) -> bool:
    return all(any(span.start <= at < span.end for span in spans) for at in range(start, start + length))
