"""The error browser: one HTML file that needs no network. It holds the texts."""

from deidstream.cli.evaluate.page.writing import write

__all__ = ["write"]
