"""The steps ``train`` and ``distil``: documents in, a model out."""
