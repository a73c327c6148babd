"""How the tagger of texts is made: from a backbone and documents that nobody has written, without a real patient."""
