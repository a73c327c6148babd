"""Surrogates: what stands in for an identifier, the same for the same person and project, and nothing that leads back."""
