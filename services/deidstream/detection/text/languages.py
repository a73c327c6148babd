"""Which of a few languages a text is in, by its commonest words: cheap, and enough to read 03/04 rightly."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["guess", "stop_words"]

_WINDOW = 1200
"""Bytes that are looked at: the words below make up a third of any prose."""
_WORD = re.compile(rb"[a-z]{1,12}")

_STOP_WORDS = {
    "en": "the and with for was were his her has had been this that which from are is at on in to of a an as by "
    "or not no patient seen year old history "
    "male female who date birth name phone address hospital",
    "de": "der die das und mit bei nicht ist wurde wird von dem den ein eine einer im am zur zum in an auf es "
    "patient patientin nach seit aus vom "
    "geb herr frau name geburtsdatum klinik befund",
    "es": "de la el en los las una un con por para del que se no y a al su es sin fue como lo presenta paciente "
    "anos edad fecha ingreso nombre historia "
    "apellidos nacimiento domicilio sexo calle informe telefono",
    "fr": "de la le en les des une un et a avec pour du au aux dans est pas sur il elle que qui se ne patient "
    "patiente ans par sans monsieur madame cette "
    "ce ete nom prenom naissance le docteur service",
    "it": "di la il lo gli una un con per del della e non che nel in a al alla i le da si ha paziente anni dal "
    "stato stata viene data nato nata presenta "
    "nome cognome nascita ospedale",
    "nl": "de het een en van met voor niet is op in te aan bij dat die werd patient jaar wordt naar uit ook "
    "mevrouw meneer geen heeft tijdens naam "
    "geboortedatum ziekenhuis huisarts",
    "pt": "de a o e em um os as uma com por para do da dos das que no na se ao nao foi sem paciente anos data "
    "utente idade consulta apresenta nome "
    "nascimento morada doente",
}


def _votes() -> dict[bytes, tuple[str, ...]]:
    votes: dict[bytes, list[str]] = {}
    for language, text in _STOP_WORDS.items():
        for word in text.split():
            votes.setdefault(word.encode(), []).append(language)
    return {word: tuple(languages) for word, languages in votes.items()}


_VOTES = _votes()


def guess(folded: bytes, start: int, languages: Sequence[str]) -> str:
    """The likeliest of ``languages`` for the folded text that begins at ``start``; '' where there is nothing to go by.

    A word that several languages share counts for each by its share, so that one odd word decides nothing in a long text.
    """
    end = folded.find(b"\0", start, start + _WINDOW)
    window = folded[start : end if end >= 0 else start + _WINDOW].lower()
    scores = dict.fromkeys(languages, 0.0)
    for word in _WORD.findall(window):
        voted = _VOTES.get(word)
        if voted is not None:
            for language in voted:
                if language in scores:
                    scores[language] += 1.0 / len(voted)
    best = max(scores, key=scores.__getitem__, default="")
    return best if best and scores[best] >= 1.0 else ""


def stop_words() -> frozenset[bytes]:
    """The commonest words of all the languages together, folded and in lower case."""
    return frozenset(_VOTES)
