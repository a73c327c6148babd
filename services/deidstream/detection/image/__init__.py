"""What pixels say: lines of text and their characters, bar codes, faces; and which of it identifies somebody.

Own pre- and post-processing around models behind the port ``Inference``. NumPy and OpenCV are loaded where pixels are.
"""
