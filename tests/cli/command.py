"""The command line, run in this process as its entry point runs it."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from deidstream.cli.__main__ import main

__all__ = ["Ran", "configured", "run"]


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def run(*arguments: str | Path) -> Ran:
    """Exit code, standard output and standard error. Whatever is raised beyond them fails the test, as a stack trace would."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    code: object = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code or 0
    out.flush()
    assert isinstance(code, int)
    return Ran(code, out.buffer.getvalue().decode("utf-8"), err.getvalue())


def configured(folder: Path, extra: str = "", policy: str = "research-dates-shifted") -> Path:
    """A configuration whose state lies in ``folder``, with the project ``research``."""
    config = folder / "deidstream.yaml"
    config.write_text(
        f"deployment: {{state: '{folder / 'state'}', health: null}}\n"
        f"resolver: {{projects: [{{name: research, policy: '{policy}'}}]}}\n{extra}"
    )
    return config
