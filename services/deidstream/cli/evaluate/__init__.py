"""``deidstream evaluate``: corpora with gold spans, layers and outside detectors side by side, figures and an error browser."""
