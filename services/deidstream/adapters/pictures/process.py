"""The parent's side: one child at a time, started when first needed, killed when it takes too long, and started anew."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from deidstream.adapters.pictures.models import FACES, OCR, described
from deidstream.adapters.pictures.setting import PictureSetting
from deidstream.core import errors
from deidstream.core.page import Page, Places, Sheet
from deidstream.core.region import Region
from deidstream.ports import Reread, Sight

__all__ = ["PictureProcess"]

_ENDING = 5.0
_NEEDED = ("cv2", "PIL", "zxingcpp", "gdcm", "openjpeg", "jpeg_ls")
_ERRORS = {kind.__name__: kind for kind in (errors.Malformed, errors.Unsafe, errors.Unavailable, errors.Misconfigured)}


class PictureProcess:
    """See ``ports.Pictures`` and ``ports.Samples``. Raises Misconfigured at once where a model is not as it was released.

    ``stir`` is told when the child is asked and when it has answered: at most ``limits.seconds`` apart.
    """

    def __init__(self, setting: PictureSetting, stir: Callable[[], None] = lambda: None) -> None:
        if any(find_spec(name) is None for name in _NEEDED):
            raise errors.Misconfigured("image-missing", "image", "pip install 'deidstream[image]'")
        for name in (*OCR, FACES):
            described(setting.models / name)
        self._setting = setting
        self._stir = stir
        self._child: BaseProcess | None = None
        self._pipe: Connection | None = None

    def look(self, format_: str, source: bytes, faces: bool = False) -> Sight:
        """See ``ports.Pictures``: Malformed ``pixels-timeout`` and ``pixels-crashed`` where the child did not come back."""
        seen = self._asked("look", format_, source, faces)
        assert isinstance(seen, Sight)
        return seen

    def painted(self, format_: str, source: bytes, regions: Sequence[Region]) -> bytes:
        """See ``ports.Pictures``."""
        made = self._asked("painted", format_, source, tuple(regions))
        assert isinstance(made, bytes)
        return made

    def read(self, source: bytes) -> Sequence[Page]:
        """See ``ports.Pictures``."""
        made = self._asked("read", source)
        assert isinstance(made, list)
        return made

    def printed(self, source: bytes, sheets: Sequence[Sheet]) -> bytes:
        """See ``ports.Pictures``."""
        made = self._asked("printed", source, tuple(sheets))
        assert isinstance(made, bytes)
        return made

    def again(self, source: bytes, released: bytes, places: Sequence[Places]) -> Sequence[Reread]:
        """See ``ports.Pictures``."""
        made = self._asked("again", source, released, tuple(places))
        assert isinstance(made, list)
        return made

    def shown(self, format_: str, source: bytes, frames: Sequence[int]) -> list[bytes]:
        """See ``ports.Pictures``."""
        made = self._asked("shown", format_, source, tuple(frames))
        assert isinstance(made, list)
        return made

    def words(self, source: bytes) -> bytes:
        """See ``ports.Samples``."""
        made = self._asked("words", source)
        assert isinstance(made, bytes)
        return made

    def shows_face(self, source: bytes) -> bool:
        """See ``ports.Samples``."""
        seen = self._asked("shows_face", source)
        assert isinstance(seen, bool)
        return seen

    def with_words(self, source: bytes, frames: Mapping[int, bytes]) -> bytes:
        """See ``ports.Samples``."""
        made = self._asked("with_words", source, dict(frames))
        assert isinstance(made, bytes)
        return made

    def close(self) -> None:
        """Ends the child."""
        if self._pipe is not None:
            self._pipe.close()
        if self._child is not None:
            self._child.join(_ENDING)
            if self._child.is_alive():
                self._child.kill()
                self._child.join()
        self._child = self._pipe = None

    def _asked(self, *question: object) -> object:
        self._stir()
        try:
            return self._answered(question)
        finally:
            self._stir()

    def _answered(self, question: tuple[object, ...]) -> object:
        pipe = self._opened()
        kind: str
        answer: Any  # Any: what the child was asked for, or an error's arguments
        try:
            pipe.send(question)
            answered = pipe.poll(self._setting.limits.seconds)
            kind, answer = pipe.recv() if answered else ("", ())
        except (EOFError, OSError):
            self._killed()
            raise errors.Malformed("pixels-crashed", "PixelData") from None
        if not answered:
            self._killed()
            raise errors.Malformed("pixels-timeout", "PixelData")
        if kind in _ERRORS:
            raise _ERRORS[kind](*answer)
        return answer

    def _opened(self) -> Connection:
        if self._child is None or self._pipe is None or not self._child.is_alive():
            self._killed()
            # Spawned: a fork would copy what this process has open, and hold in memory.
            context = multiprocessing.get_context("spawn")
            from deidstream.adapters.pictures.child import serve

            self._pipe, theirs = context.Pipe()
            self._child = context.Process(target=serve, args=(theirs, self._setting), daemon=True, name="pictures")
            self._child.start()
            theirs.close()
        return self._pipe

    def _killed(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.join()
        if self._pipe is not None:
            self._pipe.close()
        self._child = self._pipe = None
