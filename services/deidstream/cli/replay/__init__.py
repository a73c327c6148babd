"""Replay: retained cases once more, under another policy or with another model, beside what was released of them."""
