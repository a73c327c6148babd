"""The steps ``export``, ``calibrate`` and ``card``: a model in, what the product loads out."""
