"""With the environment of models/training/requirements.lock: ``make test-full`` makes it, and runs these in it."""
