"""Pixel data (PS3.5, 8 and annex A; PS3.3, C.7.6.3): frames as arrays, how they look, and frames written anew.

Loads NumPy and decoders: only the process that looks at pixels imports it.
"""
