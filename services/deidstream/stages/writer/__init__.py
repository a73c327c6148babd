"""Carries out what was decided, checks the result for residue, and lets it go.

In: cases with decisions, each of one project. Out: releases (for FHIR also a Provenance); what fails the check goes to the review
hold. Side effects: none. Sections needed: source, identity, findings, decisions; adds: release.
"""
