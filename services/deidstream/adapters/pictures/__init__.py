"""Pixels in a child process that can be killed: decoders of untrusted bytes, and the models that look.

The parent loads neither decoders nor NumPy's arrays of pixels; it sends sources and gets back what was seen.
"""

from deidstream.adapters.pictures.models import FACES, OCR, described
from deidstream.adapters.pictures.process import PictureProcess
from deidstream.adapters.pictures.setting import PictureLimits, PictureSetting

__all__ = ["FACES", "OCR", "PictureLimits", "PictureProcess", "PictureSetting", "described"]
