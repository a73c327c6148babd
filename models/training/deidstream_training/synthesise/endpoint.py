"""Documents by a language model behind an OpenAI-compatible endpoint, about people that it does not know.

The model is asked, by instruction from seeds, for a document with placeholders where somebody would be identified. What it
answers is used only if each placeholder is there and no other; then values of a story of ours take their places. So the model
adds language, and never a span that we did not set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import httpx

from deidstream_training.synthesise.division import Split
from deidstream_training.synthesise.document import Document, Mark, Text
from deidstream_training.synthesise.generate import KINDS, LANGUAGES, generator

__all__ = ["Asked", "filled"]

_PLACEHOLDER = re.compile(r"\[\[[^\]\n]*\]\]")
_SLOTS = {
    "NAME_1": "value.patient",
    "NAME_2": "value.doctor",
    "NAME_3": "value.relative",
    "DATE_1": "value.admission",
    "DATE_2": "value.birth",
    "DATE_3": "value.next",
    "CITY_1": "city",
    "HOSPITAL_1": "hospital",
    "PHONE_1": "phone",
    "RECORD_NUMBER_1": "mrn",
}
_STYLES = (
    "terse notes",
    "full sentences",
    "headed sections",
    "a letter to a colleague",
    "a list",
    "key: value lines",
    "a dictated style",
)
_TOPICS = (
    "cardiology",
    "paediatrics",
    "oncology",
    "surgery",
    "neurology",
    "emergency medicine",
    "psychiatry",
    "obstetrics",
    "geriatrics",
)
_ASK = (
    "Write a realistic {kind} document of a hospital in the language with the code {language}, about {topic}, in {style}. "
    "Use each of these placeholders at least once, exactly as written, where the real value would stand: {placeholders}. "
    "Use no other placeholder. "
    "Write no real or invented name, date, place, age or number of a person beside them. Answer with the document alone."
)
_TRIES = 5
_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Which documents a run asks for. The questions follow from the plan; the answers are the model's.

    `after` may give fewer documents than asked for: an answer that is not as it should be is asked for again a few times, then
    left out.
    """

    url: str
    model: str
    seed: int
    split: Split
    documents: int
    languages: tuple[str, ...] = LANGUAGES
    kinds: tuple[str, ...] = KINDS

    def after(self, index: int) -> Iterator[Document]:
        """The documents from a number on. Raises ``httpx.HTTPError`` where the endpoint fails."""
        with httpx.Client(timeout=_TIMEOUT_S) as client:
            for number in range(index, self.documents):
                yield from self._document(client, number)

    def _document(self, client: httpx.Client, number: int) -> Iterator[Document]:
        rng = Random(f"ask/{self.seed}/{self.split}/{number}")
        language, kind = rng.choice(self.languages), rng.choice(self.kinds)
        wanted = sorted(rng.sample(sorted(_SLOTS), rng.randint(3, 7)))
        values = dict(
            zip(
                wanted,
                generator(language, self.split).fragments(rng, tuple(_SLOTS[name] for name in wanted)),
                strict=True,
            )
        )
        for _ in range(_TRIES):
            content = filled(self._answer(client, rng, (language, kind), wanted), values)
            if content is not None:
                yield Document(
                    f"{self.split}-ask-{self.seed}-{number}", language, kind, self.split, content, ("model",)
                )
                return

    def _answer(self, client: httpx.Client, rng: Random, what: tuple[str, str], wanted: list[str]) -> str:
        question = _ASK.format(
            language=what[0],
            kind=what[1],
            topic=rng.choice(_TOPICS),
            style=rng.choice(_STYLES),
            placeholders=", ".join(f"[[{name}]]" for name in wanted),
        )
        request = {
            "model": self.model,
            "messages": [{"role": "user", "content": question}],
            "temperature": 1.0,
            "seed": rng.randrange(1 << 31),
        }
        response = client.post(f"{self.url.rstrip('/')}/chat/completions", json=request)
        response.raise_for_status()
        return str(response.json()["choices"][0]["message"]["content"])


def filled(answer: str, values: dict[str, Text]) -> Text | None:
    """The answer with a value in place of each placeholder; None where one is missing, invented or not written as it should be."""
    found = list(_PLACEHOLDER.finditer(answer))
    names = [each[0][2:-2] for each in found]
    rest = _PLACEHOLDER.sub("", answer)
    if set(names) != set(values) or "[[" in rest or "]]" in rest:
        return None
    pieces: list[str] = []
    marks: list[Mark] = []
    last = length = 0
    for place, name in zip(found, names, strict=True):
        value = values[name]
        pieces += answer[last : place.start()], value.text
        length += place.start() - last
        marks.extend((start + length, end + length, category) for start, end, category in value.marks)
        length += len(value.text)
        last = place.end()
    return Text("".join([*pieces, answer[last:]]), tuple(marks)).stripped()
