"""deidstream: live clinical feeds go in identified and come out de-identified."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("deidstream")
