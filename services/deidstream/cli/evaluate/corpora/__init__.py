"""Corpora as they lie on disk, read into :class:`~deidstream.evaluation.annotated.Annotated` documents.

A *scheme* (``schemes/*.yaml``) says of a corpus what its format is and what its labels mean in our categories; a reader knows a
format.
"""

from deidstream.cli.evaluate.corpora.opening import Corpus, opened
from deidstream.cli.evaluate.corpora.scheme import shipped

__all__ = ["Corpus", "opened", "shipped"]
