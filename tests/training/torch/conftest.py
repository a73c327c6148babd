"""Where PyTorch is not, there is nothing to collect; ``make test-full`` has it, and finds nothing there a failure."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]
