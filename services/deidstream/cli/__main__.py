"""The command ``deidstream``.

Each command is imported when it is called: ``deidstream --help`` loads no stage, and a chain's process carries only its own.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from deidstream.adapters.core_dumps import forbid
from deidstream.core.errors import DeidstreamError

__all__ = ["COMMANDS", "app", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo.command:demo", "Watch a simulated hospital day being de-identified."),
    "up": ("up:up", "Run the pipeline until it is told to stop."),
    "clean": ("clean.command:clean", "De-identify files and folders of any supported format."),
    "send": ("send:send", "Send files by MLLP and FHIR, as a hospital does."),
    "evaluate": ("evaluate.command:evaluate", "Measure text detection on corpora with gold spans."),
    "models": ("models:app", "List, verify, sign models, push them to Triton."),
    "train": ("train.command:train", "Go on training a tagger with a site's own notes."),
    "simulate": ("simulate.command:simulate", "Write a synthetic hospital day to a folder."),
    "policy": ("policy:app", "Show and check policies."),
    "dicom": ("dicom:app", "Print the DICOM conformance statement."),
    "config": ("config:app", "Check the configuration, print its schema."),
    "doctor": ("doctor.command:doctor", "Check a deployment, say what to do."),
    "topics": ("topics:app", "Make and check the topics on Kafka."),
    "database": ("database:app", "Make and check the tables in PostgreSQL."),
    "quarantine": ("quarantine:app", "List, inspect, correct, replay quarantined cases."),
    "replay": ("replay.command:replay", "Run retained messages once more, show the difference."),
    "hold": ("hold:app", "List what waits for review, let it go on."),
    "artifacts": ("artifacts:app", "Keep large content as long as it is needed."),
    "keys": ("keys:app", "List keys, rotate those of content."),
    "audit": ("audit:app", "Verify the audit log, print its entries."),
    "monitor": ("monitor:app", "Watch rates, drift and canaries, for dashboards."),
    "signals": ("signals:signals", "Print every metric, span and log event."),
    "dev": ("dev.command:app", "Run a real Kafka on this machine, to try things out."),
    "erase": ("erase:erase", "Forget a person and their retained messages."),
    "reveal": ("reveal:reveal", "Show the value behind a token, audited."),
    "import-identities": ("imports:import_identities", "Take over earlier pseudonyms and date offsets."),
}
"""Command to where it is and its line in the list of commands."""

_HELP = """De-identifies live clinical feeds, continuously, within the hospital's own walls.

\b
Examples:
  deidstream demo
  deidstream clean notes/ --out cleaned/
  deidstream up --config deidstream.yaml
  deidstream COMMAND --help

\b
Exit codes:
  0    done
  1    a check has failed (audit verify, demo, doctor), a figure falls short (evaluate, train)
  2    wrong usage or configuration, said in one line
  3    not everything was released (clean) or accepted (send)
  4    too much went to quarantine (up)
  130  stopped by Ctrl-C
"""


class _Commands(TyperGroup):
    """The commands by name. For a list of them none is loaded."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer's Context is click's
        """In the order in which they are best met."""
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # as above
        """A stand-in with the name and the line of help."""
        if cmd_name not in COMMANDS:
            return None
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name][1], rich_markup_mode=None)

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]  # as above
        """The command itself."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, (_loaded(name) if name else command), rest


def _loaded(name: str) -> Any:  # Any: typer's own class of commands
    module, _, attribute = COMMANDS[name][0].partition(":")
    found = getattr(import_module(f"deidstream.cli.{module}"), attribute)
    if not isinstance(found, typer.Typer):
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(name)(found)
        found = single
    found.rich_markup_mode = None
    command = typer.main.get_command(found)
    command.name = name
    return command


app = typer.Typer(
    cls=_Commands, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, help=_HELP
)


@app.callback()
def _root() -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs ``arguments`` (None: those of this process), and exits.

    A user's mistake ends with one line and exit code 2, never with a stack trace.
    """
    if arguments is None:  # else the process is somebody else's
        forbid()
    try:
        app(args=arguments, prog_name="deidstream")
    except DeidstreamError as error:
        _end(str(error), 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        # Its text may name a file, and a file's name may be content: the kind of error and no more.
        _end(f"system: {errno.errorcode.get(error.errno or 0, 'error')}: {os.strerror(error.errno or 0)}", 2)
    except KeyboardInterrupt:
        _end("stopped", 130)


def _end(line: str, code: int) -> None:
    sys.stderr.write(f"deidstream: {line}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
