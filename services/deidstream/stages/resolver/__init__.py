"""Merges findings, applies the policy of each project that is entitled, assigns surrogates.

In: cases with findings. Out: for each project one case with decisions (to the writer), or Hold for review, Quarantine, Gap.
Side effects: none. Sections needed: source, identity, findings; adds: decisions. Keys: ``surrogate.*``, ``token.*``.
"""
