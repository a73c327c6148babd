"""Whether a word, as a reader of pixels reads it, is one that a text says: case, accents and points make no difference."""

from __future__ import annotations

from unicodedata import category, name, normalize

__all__ = ["LEGIBLE", "errors", "is_foreign", "is_in", "may_be_in"]

LEGIBLE = 0.9
"""Mean certainty of characters from which a line counts as read: print is above it, handwriting seldom."""
_ALIKE = str.maketrans("oqdiljsbzg", "0001115829")
"""Letters, and the digits that they are taken for."""
_SHORTEST, _ONE_ERROR = 3, 5
"""Characters of a word of which one may be misread, and how many more it has for each other."""
_SCRIPTS = frozenset(
    {"LATIN", "GREEK", "CJK", "HIRAGANA", "KATAKANA", "FULLWIDTH", "HALFWIDTH", "IDEOGRAPHIC", "KANGXI"}
)
"""Those that the reader knows, as the names of their letters begin."""


def is_in(text: str, word: str) -> bool:
    """Whether ``word`` stands somewhere in ``text``, whose blanks do not count."""
    return _folded(word) in _folded(text)


def may_be_in(text: str, word: str) -> bool:
    """Whether it stands there if one character is misread, or one in five."""
    length = len(_folded(word))
    return errors(text, word) <= (max(1, length // _ONE_ERROR) if length >= _SHORTEST else 0)


def errors(text: str, word: str) -> int:
    """How many characters of ``word`` are misread if it is what stands in ``text``."""
    return _errors(_folded(word), _folded(text))


def is_foreign(text: str) -> bool:
    """Whether most letters of ``text`` are of scripts that the reader does not know."""
    letters = [character for character in text if character.isalpha()]
    return sum(name(one, "").partition(" ")[0] not in _SCRIPTS for one in letters) * 2 > len(letters)


def _folded(text: str) -> str:
    plain = normalize("NFKD", normalize("NFKC", text).casefold())
    return "".join(one for one in plain if category(one)[0] in "LN").translate(_ALIKE)


def _errors(sought: str, where: str) -> int:
    """Edits between ``sought`` and the piece of ``where`` that is likest to it (Sellers, 1980)."""
    row = list(range(len(sought) + 1))
    least = row[-1]
    for character in where:
        before, row[0] = row[0], 0
        for at, other in enumerate(sought, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (character != other))
        least = min(least, row[-1])
    return least
