"""What a language's documents have beside their grammar: whose names are met there, and how they are written."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LOCALES", "Locale"]

_EVERYWHERE = [
    "tr",
    "az",
    "pl",
    "cs",
    "hr",
    "hu",
    "ro",
    "sv",
    "fi",
    "vi",
    "in",
    "pk",
    "id",
    "yo",
    "gh",
    "ke",
    "zu",
    "dz",
    "ja",
    "zh-latin",
    "ar-latin",
    "ru-latin",
    "el-latin",
    "ko-latin",
    "kd",
    "er",
    "en",
    "de",
    "es",
    "fr",
    "it",
    "nl",
    "pt",
    "ie",
]


@dataclass(frozen=True, slots=True)
class Locale:
    """A language's people. `native` and `foreign` name rows of the tables; `invent` the sounds of names that nobody bears."""

    native: tuple[str, ...]
    foreign: tuple[str, ...]
    invent: str = "latin"
    double_family: bool = False
    particles: tuple[str, ...] = ()
    hyphenated: float = 0.05
    towns: tuple[str, ...] = ()
    domains: tuple[str, ...] = ("com", "net", "org")


def _others(*native: str) -> tuple[str, ...]:
    return tuple(origin for origin in _EVERYWHERE if origin not in native)


LOCALES: dict[str, Locale] = {
    "en": Locale(("en",), _others("en"), towns=("in",), domains=("com", "net", "org", "co.uk", "nhs.net", "edu")),
    "de": Locale(
        ("de",),
        _others("de"),
        particles=("von", "von der", "zu"),
        hyphenated=0.09,
        towns=("de",),
        domains=("de", "at", "ch"),
    ),
    "es": Locale(
        ("es",),
        _others("es"),
        double_family=True,
        particles=("de la", "de", "del"),
        towns=("es",),
        domains=("es", "com"),
    ),
    "fr": Locale(
        ("fr",),
        (*_others("fr"), "dz", "dz"),
        particles=("de", "Le", "du", "de La"),
        hyphenated=0.08,
        domains=("fr", "be", "ch"),
    ),
    "it": Locale(
        ("it",), _others("it"), particles=("De", "Di", "Della", "Lo", "D'"), towns=("it",), domains=("it", "com")
    ),
    "nl": Locale(
        ("nl",),
        _others("nl"),
        particles=("van der", "van den", "de", "van", "ter", "van 't", "in 't"),
        hyphenated=0.1,
        towns=("nl",),
        domains=("nl", "be"),
    ),
    "pt": Locale(
        ("pt",),
        _others("pt"),
        double_family=True,
        particles=("da", "dos", "de", "do"),
        towns=("pt",),
        domains=("pt", "com.br"),
    ),
    "ar": Locale(("ar",), ("ar-foreign",), invent="ar", domains=("com", "sa", "ae")),
    "zh": Locale(
        ("zh",), ("zh-foreign", "en", "ja", "zh-latin"), invent="zh", towns=("zh",), domains=("cn", "com", "com.cn")
    ),
}
"""By language code."""
