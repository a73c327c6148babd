"""What free text says: rules, a neural tagger where one is configured, then the subject's own data.

In: cases with parts. Out: the same cases with findings in their parts. Side effects: none. Sections needed: source,
identity; adds: findings.
"""
