"""The generative route: a small causal model that writes a text again with marks in it, to be compared with the tagger.

The instruction-tuning method of the literature: pairs of a text and the same text marked, LoRA, and back to spans.
"""
