"""Recognisable heads: the slices of a series wait for one another, the head is found in all of them together, and each goes on
with its part of what must change.

In: DICOM instances in which a head is possible. Out: the same with findings that carry masks, or with the attribute ``head``
that says why there are none. Side effects: slices and verdicts on the shelf. Sections needed: source; adds: findings.
"""
