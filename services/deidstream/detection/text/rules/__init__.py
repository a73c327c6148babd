"""What patterns alone can find: everything that is numeric, labelled, titled or written to a known form.

:class:`Rules` reads all texts of a batch in one pass of a multi-pattern engine; what that pass points at is confirmed by the
module of its family (``dates``, ``names`` ...), and overlaps are settled in favour of the more certain.
"""

from deidstream.detection.text.rules.engine import ALL, DETECTOR, Rules

__all__ = ["ALL", "DETECTOR", "Rules"]
