"""Replay: retained cases once more, under another policy, beside what was released of them."""
