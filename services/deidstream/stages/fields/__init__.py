"""What the structure of a message says is an identifier.

In: cases with their source and subjects. Out: the same cases with one finding for every identifying or unknown field. Side effects:
none. Sections needed: source; adds: findings.
"""
