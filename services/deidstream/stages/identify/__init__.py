"""Whose message is it.

In: cases as ingest sealed them, in the order of their source. Out: the same cases with their subjects (whom the message speaks
of, and what is known about them), the place of the message in each one's sequence, and an itinerary; or, on the shelf until a
person or a merge message settles it, a case whose identifiers contradict one another. Side effects: the identity store. Sections
needed: source; adds: identity.

What joins records: identifiers of the configured types, by issuer, value and type; merge messages; nothing else. Names and
dates never do.
"""
