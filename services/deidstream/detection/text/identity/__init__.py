"""The subject's own data, and the people around the subject, wherever a text repeats them.

What is known is compiled once a subject into dictionaries of folded words. A text is folded and cut into words once; a word is
looked up as it is, then, unless it is an ordinary word, as the misspelling of a known one. Only where a word is found is its
surrounding read. So the cost hardly depends on how much is known.
"""

from deidstream.detection.text.identity.layer import Identity

__all__ = ["Identity"]
