"""Heads: a face model looks at renders of volumes before and after their faces were removed. Run by ``make evaluate-heads``."""
