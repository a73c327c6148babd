"""The backbone: multilingual-e5-small (MIT), an encoder for a hundred languages (12 layers of 384), as its 4-bit copy holds it."""
