"""Makes models/training/deidstream_training/synthesise/tables/{names,places}.txt again, from the lists of faker (MIT).

Run with faker on the path: ``pip install --target /tmp/faker faker && PYTHONPATH=/tmp/faker python tools/synthesis_tables.py``.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path

OUT = Path(__file__).parents[1] / "models/training/deidstream_training/synthesise/tables"
PEOPLE = {
    "en": ("en_US", "en_GB"),
    "ie": ("ga_IE",),
    "de": ("de_DE", "de_AT", "de_CH"),
    "es": ("es_ES", "es_MX", "es_CO", "es_AR"),
    "fr": ("fr_FR", "fr_CA", "fr_BE"),
    "it": ("it_IT",),
    "nl": ("nl_NL", "nl_BE"),
    "pt": ("pt_PT", "pt_BR"),
    "pl": ("pl_PL",),
    "cs": ("cs_CZ", "sk_SK"),
    "hr": ("hr_HR", "sl_SI"),
    "hu": ("hu_HU",),
    "ro": ("ro_RO",),
    "tr": ("tr_TR",),
    "az": ("az_AZ",),
    "sv": ("sv_SE", "da_DK", "no_NO"),
    "fi": ("fi_FI", "et_EE", "lt_LT"),
    "vi": ("vi_VN",),
    "in": ("en_IN",),
    "pk": ("en_PK",),
    "id": ("id_ID",),
    "yo": ("yo_NG", "ig_NG", "ha_NG"),
    "gh": ("tw_GH",),
    "ke": ("en_KE", "sw"),
    "zu": ("zu_ZA",),
    "dz": ("fr_DZ",),
    "ja": ("ja_JP",),
    "zh-latin": ("zh_TW", "zh_CN"),
    "ar": ("ar_AA", "ar_SA"),
    "zh": ("zh_CN", "zh_TW"),
}
ROMANISED = {"ja", "zh-latin"}
SCRIPTS = {"ar", "zh"}
CITIES = {
    "de": ("de_DE", "de_AT", "de_CH"),
    "it": ("it_IT",),
    "nl": ("nl_NL", "nl_BE"),
    "pt": ("pt_PT",),
    "es": ("es_ES", "es_CO"),
    "in": ("en_IN",),
    "zh": ("zh_CN", "zh_TW"),
}
CAP = 420


def main() -> None:
    OUT.mkdir(exist_ok=True)
    lines = ["# origin, sex, names: see SOURCES.md"]
    for origin, locales in PEOPLE.items():
        providers = [importlib.import_module(f"faker.providers.person.{name}").Provider for name in locales]
        for sex, attributes in attributes_of(origin).items():
            names = thinned(gathered(origin, providers, attributes))
            if names:
                lines.append("\t".join((origin, sex, " ".join(names))))
    (OUT / "names.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    lines = ["# country, kind, places: see SOURCES.md"]
    for origin, locales in CITIES.items():
        providers = [importlib.import_module(f"faker.providers.address.{name}").Provider for name in locales]
        names = [name for p in providers for key in ("cities", "municipalities", "states") for name in listed(p, key)]
        lines.append(f"{origin}\tcity\t" + "|".join(thinned(dict.fromkeys(filter(spelled, map(plain, names))), 700)))
    (OUT / "places.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def attributes_of(origin: str) -> dict[str, tuple[str, ...]]:
    """Attributes of a provider by sex: m, f, x (either), l (family names)."""
    if origin in ROMANISED:
        return {
            "m": ("first_romanized_names_male",),
            "f": ("first_romanized_names_female",),
            "l": ("last_romanized_names",),
        }
    return {
        "m": ("first_names_male", "first_male_names", "first_name_male"),
        "f": ("first_names_female", "first_female_names", "first_name_female"),
        "x": ("first_names",) if origin in {"pk", "dz"} else (),
        "l": ("unisex_last_names", "last_names", "last_names_male"),
    }


def gathered(origin: str, providers: Iterable[type], attributes: tuple[str, ...]) -> dict[str, None]:
    """The single-word names that the providers list, each once, in their order."""
    found: dict[str, None] = {}
    for provider in providers:
        for name in next((value for key in attributes if (value := listed(provider, key))), ()):
            name = plain(name)
            long_enough = len(name) > 2 or origin in {"zh", "zh-latin", "vi"}
            if long_enough and name.replace("-", "").isalpha() and (origin in SCRIPTS or ord(name[0]) < 0x250):
                found[name] = None
    return found


def listed(provider: type, key: str) -> tuple[object, ...]:
    """A list of the provider; none where it has a function of that name."""
    value = getattr(provider, key, ())
    return () if callable(value) else tuple(value)


def plain(item: object) -> str:
    """The name of a place, of an entry that may be a tuple."""
    return str(item[0] if isinstance(item, tuple) else item).strip()


def spelled(name: str) -> bool:
    """Whether the name has no digit; one list has postal codes among its towns."""
    return not any(character.isdigit() for character in name)


def thinned(names: Iterable[str], cap: int = CAP) -> list[str]:
    """At most so many, evenly from the whole list."""
    listed = list(names)
    step = max(1.0, len(listed) / cap)
    return [listed[int(index * step)] for index in range(min(cap, len(listed)))]


if __name__ == "__main__":
    main()
