"""Detectors of others, for comparison: used where they are installed, never required."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

from deidstream.cli.evaluate.detectors import Answer, timed
from deidstream.core.category import Category
from deidstream.core.span import Span
from deidstream.evaluation.annotated import Annotated, Predicted

__all__ = ["NAMES", "Baseline", "Missing", "installed"]

_Theirs = Any  # a library that need not be there has no types here
_Find = Callable[[str, str], Iterable[tuple[int, int, str]]]
"""Text and language to the starts, ends (code points) and labels of what is found."""
_Build = Callable[[str], "Baseline | None"]
"""From its name to the detector, loaded; None where something that it needs is not there."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A detector that is there. It is asked about a corpus only where it reads all of the corpus' languages."""

    name: str
    languages: frozenset[str]
    find: _Find = field(repr=False)
    labels: Mapping[str, Category] = field(repr=False)

    def reads(self, documents: Sequence[Annotated]) -> bool:
        """Whether all of them are in its languages."""
        return {document.language for document in documents} <= self.languages

    def answer(self, documents: Sequence[Annotated]) -> Answer:
        """What it reports about each, after it was warmed up. A label without a category of ours counts as ``unknown``."""
        for document in documents[:1]:
            list(self.find(document.text, document.language))
        predicted, took = timed(lambda: [self._predicted(document) for document in documents])
        return Answer(self.name, tuple(predicted), took)

    def _predicted(self, document: Annotated) -> tuple[Predicted, ...]:
        found = sorted(self.find(document.text, document.language))
        return tuple(
            Predicted(Span(start, end), self.labels.get(label, Category.UNKNOWN))
            for start, end, label in found
            if 0 <= start < end <= len(document.text)
        )


@dataclass(frozen=True, slots=True)
class Missing:
    """A detector that is not there. ``install`` says how it would be."""

    name: str
    install: str


def installed(names: Sequence[str]) -> tuple[list[Baseline], list[Missing]]:
    """Those of ``names`` that are there, loaded, and those that are not, or not wholly."""
    there: list[Baseline] = []
    missing: list[Missing] = []
    for name in names:
        module, install, build = _KNOWN[name]
        with _own_logging():
            found = build(name) if find_spec(module) else None
        if found is None:
            missing.append(Missing(name, install))
        else:
            there.append(found)
    return there, missing


@contextmanager
def _own_logging() -> Iterator[None]:
    """Some of them make all loggers of the process write everything that there is, when they are imported."""
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    try:
        yield
    finally:
        root.setLevel(before[0])
        root.handlers[:] = before[1]


def _presidio(size: str) -> _Build:
    def build(name: str) -> Baseline | None:
        models = _spacy(size)
        if not models:
            return None
        # Its check of e-mail addresses would fetch a list of domains; nothing here may ask the network.
        domains: _Theirs = importlib.import_module("tldextract")
        domains.extract = domains.TLDExtract(suffix_list_urls=())
        logging.getLogger("presidio-analyzer").setLevel(
            logging.ERROR
        )  # it warns of each entity that it has no name for
        provider: _Theirs = importlib.import_module("presidio_analyzer.nlp_engine").NlpEngineProvider
        configuration = {
            "nlp_engine_name": "spacy",
            "models": [{"lang_code": language, "model_name": model} for language, model in models.items()],
        }
        analyzer: _Theirs = importlib.import_module("presidio_analyzer").AnalyzerEngine(
            nlp_engine=provider(nlp_configuration=configuration).create_engine(), supported_languages=list(models)
        )

        def find(text: str, language: str) -> Iterable[tuple[int, int, str]]:
            for one in analyzer.analyze(text=text, language=language):
                is_age = one.entity_type == "DATE_TIME" and _AGE.search(text, one.start, one.end)
                yield one.start, one.end, "AGE" if is_age else one.entity_type

        return Baseline(name, frozenset(models), find, _PRESIDIO)

    return build


def _spacy(size: str) -> dict[str, str]:
    """Language to the model of that size which is installed; repackaged ones have a suffix."""
    there = {module.name for module in iter_modules()}
    found: dict[str, str] = {}
    for language, kind in _KINDS.items():
        model = f"{language}_core_{kind}_{size}"
        names = sorted(name for name in there if name == model or name.startswith(f"{model}_"))
        if names:
            found[language] = names[0]
    return found


def _philter(name: str) -> Baseline | None:
    """None too where NLTK's tagger, which its part-of-speech filters need, has not been downloaded."""
    philter: _Theirs = importlib.import_module("philter_lite")
    patterns = philter.load_filters(str(files("philter_lite") / "configs" / "philter_delta.toml"))

    def find(text: str, _: str) -> Iterable[tuple[int, int, str]]:
        for one in philter.detect_phi(text, patterns=patterns)[2].phi:
            yield one.start, one.stop, one.phi_type

    try:
        list(find("Seen on 3 May.", "en"))
    except LookupError:
        return None
    return Baseline(name, frozenset({"en"}), find, _PHILTER)


def _deduce(name: str) -> Baseline:
    deduce: _Theirs = importlib.import_module("deduce").Deduce()

    def find(text: str, _: str) -> Iterable[tuple[int, int, str]]:
        for one in deduce.deidentify(text).annotations:
            yield one.start_char, one.end_char, one.tag

    return Baseline(name, frozenset({"nl"}), find, _DEDUCE)


_KINDS = {"en": "web", "de": "news", "es": "news", "fr": "news", "it": "news", "nl": "news", "pt": "news"}
"""What spaCy trained its models on, which is in their names."""

_AGE = re.compile(r"\by(?:ea)?rs?\b[- ]?(?:old)?|\by/?o\b", re.IGNORECASE)
"""spaCy calls an age a date; where a corpus leaves ages unmarked, that must not count against it."""
_PRESIDIO = {
    "PERSON": Category.NAME,
    "LOCATION": Category.CITY,
    "DATE_TIME": Category.DATE,
    "NRP": Category.NATIONALITY,
    "ORGANIZATION": Category.ORGANISATION,
    "PHONE_NUMBER": Category.PHONE,
    "EMAIL_ADDRESS": Category.EMAIL,
    "URL": Category.URL,
    "IP_ADDRESS": Category.IP_ADDRESS,
    "MEDICAL_LICENSE": Category.LICENCE,
    "US_DRIVER_LICENSE": Category.LICENCE,
    "US_SSN": Category.NATIONAL_ID,
    "US_PASSPORT": Category.NATIONAL_ID,
    "US_ITIN": Category.NATIONAL_ID,
    "UK_NHS": Category.NATIONAL_ID,
    "ES_NIF": Category.NATIONAL_ID,
    "ES_NIE": Category.NATIONAL_ID,
    "IT_FISCAL_CODE": Category.NATIONAL_ID,
    "CREDIT_CARD": Category.ACCOUNT,
    "IBAN_CODE": Category.ACCOUNT,
    "US_BANK_NUMBER": Category.ACCOUNT,
    "CRYPTO": Category.ACCOUNT,
    "AGE": Category.AGE,
    "EMAIL": Category.EMAIL,
    "ID": Category.OTHER_ID,
    "UUID": Category.OTHER_ID,
    "MAC_ADDRESS": Category.DEVICE,
}
_PHILTER = {
    "DATE": Category.DATE,
    "Patient_Social_Security_Number": Category.NATIONAL_ID,
    "Email": Category.EMAIL,
    "Provider_Address_or_Location": Category.STREET,
    "Age": Category.AGE,
    "Name": Category.NAME,
}
_DEDUCE = {
    "patient": Category.NAME,
    "persoon": Category.NAME,
    "locatie": Category.CITY,
    "ziekenhuis": Category.ORGANISATION,
    "zorginstelling": Category.ORGANISATION,
    "datum": Category.DATE,
    "leeftijd": Category.AGE,
    "bsn": Category.NATIONAL_ID,
    "id": Category.OTHER_ID,
    "telefoonnummer": Category.PHONE,
    "emailadres": Category.EMAIL,
    "url": Category.URL,
}
_Known = tuple[str, str, _Build]
_KNOWN: Mapping[str, _Known] = {
    "presidio-sm": ("presidio_analyzer", "pip install presidio-analyzer, and spaCy models *_sm", _presidio("sm")),
    "presidio-lg": ("presidio_analyzer", "pip install presidio-analyzer, and spaCy models *_lg", _presidio("lg")),
    "philter-lite": (
        "philter_lite",
        "pip install philter-lite; python -m nltk.downloader averaged_perceptron_tagger_eng",
        _philter,
    ),
    "deduce": ("deduce", "pip install deduce", _deduce),
}
"""Module that must be there, how to install what is needed, how to load it."""
NAMES = tuple(_KNOWN)
