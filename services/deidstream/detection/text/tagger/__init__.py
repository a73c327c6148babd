"""The neural layer: a token classifier that reads names, places and numbers from their context, in any script."""

from deidstream.detection.text.tagger.tagger import Tagger

__all__ = ["Tagger"]
