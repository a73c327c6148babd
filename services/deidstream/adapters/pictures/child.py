"""The child: bounded in memory, answers one question after the other, and ends when its parent does."""

from __future__ import annotations

import os
import resource
import signal
import sys
from functools import partial
from multiprocessing.connection import Connection

from deidstream.adapters.core_dumps import forbid
from deidstream.adapters.pictures.models import open_faces, open_reader
from deidstream.adapters.pictures.setting import PictureSetting
from deidstream.core.errors import DeidstreamError, Malformed, Unavailable

__all__ = ["serve"]


def serve(pipe: Connection, setting: PictureSetting) -> None:
    """Answers until the pipe closes. A decoder that dies takes this process with it, and no other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's; the parent decides
    _bounded(setting.limits.memory)
    _silenced()
    from deidstream.detection.image.looking import Looking

    how = (setting.models, setting.threads, setting.server)
    looking = Looking(partial(open_reader, *how), partial(open_faces, *how))
    while True:
        try:
            name, *arguments = pipe.recv()
        except EOFError:
            return
        pipe.send(_answer(looking, name, arguments, setting.server is not None))


def _answer(looking: object, name: str, arguments: list[object], served: bool) -> tuple[str, object]:
    """Kind and answer; of an error its arguments, which hold no content. A model here that fails, fails again: only one that is
    ``served`` elsewhere can come back.
    """
    try:
        return "", getattr(looking, name)(*arguments)
    except Unavailable as error:
        kind = Unavailable if served else Malformed
        return kind.__name__, (error.code, error.place, error.hint)
    except DeidstreamError as error:
        return type(error).__name__, (error.code, error.place, error.hint)
    except MemoryError:
        return Malformed.__name__, ("pixels-too-large", "PixelData")
    except Exception:  # noqa: BLE001 - decoders and models raise what they like, and what they say may be content
        return Malformed.__name__, ("pixels-failed", "PixelData")


def _bounded(memory: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (memory if hard == resource.RLIM_INFINITY else min(memory, hard), hard))
    forbid()


def _silenced() -> None:
    """What decoders write may be content."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    sys.stdout.flush()
