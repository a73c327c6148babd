"""Makes services/deidstream/core/surrogate/tables/names.*.json again, from the name lists of faker (MIT).

Run with faker on the path: ``pip install --target /tmp/faker faker && PYTHONPATH=/tmp/faker python tools/name_tables.py``.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable
from pathlib import Path

OUT = Path(__file__).parents[1] / "services/deidstream/core/surrogate/tables"
LOCALES = {
    "en": ("en_US", "en_GB"),
    "de": ("de_DE",),
    "es": ("es_ES", "es_MX"),
    "fr": ("fr_FR",),
    "it": ("it_IT",),
    "nl": ("nl_NL",),
    "pt": ("pt_PT", "pt_BR"),
    "sv": ("sv_SE",),
    "da": ("da_DK",),
    "no": ("no_NO",),
    "fi": ("fi_FI",),
    "pl": ("pl_PL",),
    "cs": ("cs_CZ",),
    "hu": ("hu_HU",),
    "tr": ("tr_TR",),
    "ro": ("ro_RO",),
    "el": ("el_GR",),
    "ru": ("ru_RU",),
    "uk": ("uk_UA",),
    "ar": ("ar_AA",),
    "he": ("he_IL",),
    "zh": ("zh_CN",),
    "ja": ("ja_JP",),
    "ko": ("ko_KR",),
}
LATIN_1 = {"en", "de", "es", "fr", "it", "nl", "pt", "sv", "da", "no", "fi"}
CAP = 1200


def main() -> None:
    for language, locales in LOCALES.items():
        providers = [importlib.import_module(f"faker.providers.person.{name}").Provider for name in locales]
        male = gather(language, providers, ("first_names_male", "first_male_names", "first_name_male"))
        female = gather(language, providers, ("first_names_female", "first_female_names", "first_name_female"))
        either = gather(language, providers, ("first_names",)) if not male else []
        family = gather(language, providers, ("unisex_last_names", "last_names", "last_names_male"))
        both = set(male) & set(female)
        table = {
            "male": [name for name in male if name not in both][:CAP],
            "female": [name for name in female if name not in both][:CAP],
            "either": sorted(both) or either[:CAP],
            "family": family[:CAP],
        }
        print(language, {key: len(value) for key, value in table.items()})
        text = json.dumps(table, ensure_ascii=False, separators=(",", ":"))
        (OUT / f"names.{language}.json").write_text(text + "\n", encoding="utf-8")


def gather(language: str, providers: Iterable[type], attributes: tuple[str, ...]) -> list[str]:
    """The single-word names that the providers list, each once, in their order."""
    found: dict[str, None] = {}
    for provider in providers:
        listed = next((value for name in attributes if (value := getattr(provider, name, ()))), ())
        for name in listed:
            name = name[0] if isinstance(name, tuple) else name
            if name.isalpha() and (len(name) > 2 or language in {"zh", "ja", "ko"}) and encodable(language, name):
                found[name] = None
    return list(found)


def encodable(language: str, name: str) -> bool:
    """Whether the name can be written in the character set that feeds of that language use most."""
    return language not in LATIN_1 or all(ord(character) < 256 for character in name)


if __name__ == "__main__":
    main()
