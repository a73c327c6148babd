"""What free text says: rules, then the subject's own data; a neural tagger takes its place here later.

In: cases with parts. Out: the same cases with findings in their parts. Side effects: none. Sections needed: source,
identity; adds: findings.
"""
