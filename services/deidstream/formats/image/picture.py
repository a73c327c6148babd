"""The pages of a picture file: how they look, and the file written anew without anything but pixels."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import get_sampling

from deidstream.core.errors import Malformed, Unsafe
from deidstream.core.region import Region
from deidstream.formats.image.document import ELEMENT, ImageDocument
from deidstream.formats.image.stripped import jpeg, webp
from deidstream.formats.image.turned import ORIENTATION, UPRIGHT, stored, upright

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["FilePicture"]

_MOST_PIXELS, _MOST_PAGES = 2**27, 2_000
_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "YCbCr", "I;16", "I;16B", "I;16L"})
_PACKED = {"group3": "group4", "group4": "group4", "raw": None, "packbits": "packbits"}
"""TIFF: compression as it was, where it is without loss and Pillow writes it; else LZW."""
_MOST_APART = 3.0
_TAILS = (0.5, 99.5)
"""Percentiles between which 16 bits are shown once more, as those of DICOM are."""


class FilePicture:
    """The pages of ``document``. Raises Malformed for what Pillow cannot decode, or would decode to less than is there."""

    element = ELEMENT

    def __init__(self, document: ImageDocument) -> None:
        self._source, self._kind = document.source, document.kind
        Image.MAX_IMAGE_PIXELS = _MOST_PIXELS
        try:
            self._image = Image.open(io.BytesIO(document.source), formats=(document.kind,))
            self._pages = int(getattr(self._image, "n_frames", 1))
        except Image.DecompressionBombError:
            raise Malformed("pixels-too-large", ELEMENT) from None
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, TypeError, KeyError):
            raise Malformed("frame-broken", ELEMENT) from None
        if self._pages > _MOST_PAGES:
            raise Malformed("pixels-too-large", ELEMENT)
        if self._pages > 1 and self._kind not in ("TIFF",):
            raise Malformed(
                "pixel-format-unsupported", ELEMENT
            )  # what moves; several pictures in one JPEG lose the others
        if self._kind == "PNG" and document.source[24] == 16 and document.source[25] != 0:
            raise Malformed("pixel-format-unsupported", ELEMENT)  # colours of 16 bits would lose eight

    def drawings(self) -> Iterator[tuple[str, int, npt.NDArray[np.uint8]]]:
        """See ``Picture``: nothing lies over the pages of a file."""
        return iter(())

    @property
    def frames(self) -> int:
        """Pages."""
        return 1 if self._kind == "JPEG" else self._pages

    def looks(self, frame: int) -> list[npt.NDArray[np.uint8]]:
        """Page ``frame`` (from 1), upright, (rows, columns, 3) RGB: its colours, and what is transparent on white and on black.

        What has 16 bits whole, and without the rare samples that make all others dark.
        """
        page = self._page(frame)
        return [upright(look, self._orientation()) for look in _shown(page)]

    def painted(self, regions: Iterable[Region]) -> bytes:
        """The file with ``regions`` of the upright pages filled, and without metadata, thumbnails, profiles, comments.

        The orientation stays. JPEG and WebP without regions keep their compressed pixels.
        """
        by_page: defaultdict[int, list[Region]] = defaultdict(list)
        for region in regions:
            by_page[region.frame].append(region)
        if self._kind == "JPEG":
            return self._jpeg(by_page[1])
        if self._kind == "WEBP" and not by_page:
            return webp(self._source)
        pages = [self._filled(number, by_page[number]) for number in range(1, self.frames + 1)]
        out = io.BytesIO()
        pages[0].save(out, self._kind, **self._options(pages))
        return out.getvalue()

    def _options(self, pages: Sequence[Image.Image]) -> dict[str, Any]:
        turned = self._turned()
        options: dict[str, Any] = {"exif": turned} if turned and self._kind in ("PNG", "TIFF", "WEBP") else {}
        if self._kind == "TIFF":
            options |= {"compression": self._packing(), "save_all": True, "append_images": pages[1:]}
        if self._kind == "WEBP":
            options |= {"lossless": True, "exact": True}
        if self._kind in ("PNG", "WEBP") and "transparency" in pages[0].info:
            options["transparency"] = pages[0].info["transparency"]
        return options

    def _packing(self) -> str | None:
        return _PACKED.get(str(self._image.info.get("compression", "")), "tiff_lzw")

    def _page(self, number: int) -> Image.Image:
        try:
            self._image.seek(number - 1)
            if self._kind == "JPEG" and self._image.mode == "RGB":
                self._image.draft("YCbCr", self._image.size)
            self._image.load()
        except Exception:  # noqa: BLE001 - decoders raise what they like, and what they say may be content
            raise Malformed("frame-broken", ELEMENT) from None
        if self._image.mode not in _MODES:
            raise Malformed("pixel-format-unsupported", ELEMENT)
        return self._image

    def _turned(self) -> bytes:
        """EXIF that says how the picture is to be turned, and nothing else; b'' where it is upright."""
        orientation = self._orientation()
        if orientation == UPRIGHT:
            return b""
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        return exif.tobytes()

    def _orientation(self) -> int:
        """Of the page that is at hand. Pillow turns those of TIFF, and forgets what it turned."""
        orientation = self._image.getexif().get(ORIENTATION, UPRIGHT)
        return orientation if isinstance(orientation, int) and UPRIGHT < orientation <= 8 else UPRIGHT

    def _filled(self, number: int, regions: Sequence[Region]) -> Image.Image:
        page = self._page(number)
        return _bare(_filled(page, [stored(one, self._orientation(), *page.size) for one in regions]))

    def _jpeg(self, regions: Sequence[Region]) -> bytes:
        turned = self._turned()
        if not regions:
            bare = jpeg(self._source)
            segment = b"\xff\xe1" + (len(turned) + 2).to_bytes(2, "big") + turned if turned else b""
            return bare[:2] + segment + bare[2:]
        page = self._page(1)
        options: dict[str, Any] = {"qtables": page.quantization}  # type: ignore[attr-defined]
        if page.mode == "YCbCr":
            options["subsampling"] = max(0, get_sampling(page))
        out, made = io.BytesIO(), self._filled(1, regions)
        made.save(out, "JPEG", **options, **({"exif": turned} if turned else {}))
        with Image.open(io.BytesIO(out.getvalue()), formats=("JPEG",)) as again:
            again.draft(made.mode, again.size)
            apart = np.abs(np.asarray(again).astype(int) - np.asarray(made).astype(int)).mean()
        if apart > _MOST_APART:
            raise Unsafe("reencoded-differs", ELEMENT)
        return out.getvalue()


def _shown(page: Image.Image) -> list[npt.NDArray[np.uint8]]:
    if page.mode.startswith("I;16"):
        values = np.asarray(page).astype(np.float32)
        low, high = np.percentile(values, _TAILS)
        return _distinct([_between(values, values.min(), values.max()), _between(values, low, high)])
    shown = [np.asarray(page.convert("RGB"))]
    if page.mode in ("LA", "RGBA") or "transparency" in page.info:
        coloured = page.convert("RGBA")
        for ground in (255, 0):
            behind = Image.new("RGBA", page.size, (ground, ground, ground, 255))
            shown.append(np.asarray(Image.alpha_composite(behind, coloured).convert("RGB")))
    return _distinct(shown)


def _between(values: npt.NDArray[np.float32], low: float, high: float) -> npt.NDArray[np.uint8]:
    grey = np.clip((values - low) * (255 / max(1.0, float(high - low))), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _distinct(looks: Sequence[npt.NDArray[np.uint8]]) -> list[npt.NDArray[np.uint8]]:
    kept: list[npt.NDArray[np.uint8]] = []
    for look in looks:
        if not any(np.array_equal(look, other) for other in kept):
            kept.append(look)
    return kept


def _filled(page: Image.Image, regions: Sequence[Region]) -> Image.Image:
    filled = page.copy()
    for one in regions:
        box = (one.x, one.y, min(page.width, one.x + one.width), min(page.height, one.y + one.height))
        filled.paste(_dark(page), box)
    return filled


def _dark(page: Image.Image) -> Any:  # Any: what Pillow takes for a colour
    if page.mode == "YCbCr":
        return (0, 128, 128)
    if page.mode == "P":
        colours = np.asarray(page.getpalette("RGB")).reshape(-1, 3)
        return int(colours.sum(axis=1).argmin())
    bands = len(page.getbands())
    return 0 if bands == 1 else (0,) * (bands - 1) + (255,) if page.mode in ("LA", "RGBA") else (0,) * bands


def _bare(page: Image.Image) -> Image.Image:
    """The pixels of ``page`` alone, with its palette and what of it is transparent."""
    made = Image.frombytes(page.mode, page.size, page.tobytes())
    if page.mode == "P":
        made.putpalette(page.getpalette("RGB") or [])
    if "transparency" in page.info:
        made.info["transparency"] = page.info["transparency"]
    return made
