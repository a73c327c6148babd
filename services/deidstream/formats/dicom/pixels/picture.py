"""The frames of an instance: their samples, how they look to people, and the instance with rectangles of them painted over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deidstream.core.document import Splice, apply_splices
from deidstream.core.errors import Malformed
from deidstream.core.region import Region
from deidstream.formats.dicom.document import DicomDocument
from deidstream.formats.dicom.pixels import single_bits
from deidstream.formats.dicom.pixels.codecs import NATIVE, RLE, Samples, decoded, encoded, is_read
from deidstream.formats.dicom.pixels.fragments import Fragments, encapsulated, fragments
from deidstream.formats.dicom.pixels.looks import Palette, hidden, looks, palette
from deidstream.formats.dicom.pixels.module import PIXEL_DATA, PixelModule, module
from deidstream.formats.dicom.pixels.overlays import cleared, overlays
from deidstream.formats.dicom.pixels.streams import left_over

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["DicomPicture"]

_OFFSETS, _LENGTHS = "ExtendedOffsetTable", "ExtendedOffsetTableLengths"


class DicomPicture:
    """The pixels of ``document``. Raises Malformed where they are none that can be read; frame by frame where one is broken."""

    element = PIXEL_DATA

    def __init__(self, document: DicomDocument) -> None:
        self.module: PixelModule = module(document)
        self._document = document
        element = document.element(PIXEL_DATA)
        assert element is not None
        self._value = memoryview(document.body)[element.value : element.end]
        self._native = self.module.syntax in NATIVE
        self._halves = self._native and self.module.big and self.module.bits <= 8 and self.module.words
        if self._halves:
            self._value = memoryview(_swapped(self._value))
        self._fragments: Fragments = ()
        if self._native:
            self._check_native()
        elif not is_read(self.module.syntax) or self.module.bits == 1:
            raise Malformed("transfer-syntax-not-decoded", PIXEL_DATA)
        else:
            self._fragments = fragments(bytes(self._value), self.module.frames, self._extended())
        self._palette: Palette | None = palette(document) if self.module.photometric == "PALETTE COLOR" else None

    @property
    def frames(self) -> int:
        """How many there are."""
        return self.module.frames

    def looks(self, frame: int) -> list[npt.NDArray[np.uint8]]:
        """Frame ``frame`` (from 1) as people may see it, (rows, columns, 3) RGB: windowed, whole, and bits outside of samples."""
        samples = self._samples(frame)
        return looks(samples, self.module, self._palette) + hidden(samples, self.module)

    def drawings(self) -> Iterator[tuple[str, int, npt.NDArray[np.uint8]]]:
        """What overlays draw: element, frame, and how it looks, (rows, columns, 3) RGB; not those that are empty."""
        for overlay in overlays(self._document):
            for frame in range(1, overlay.frames + 1):
                look = overlay.look(self._document, frame)
                if look.any():
                    yield overlay.element, frame, look

    def painted(self, regions: Iterable[Region]) -> bytes:
        """The instance with ``regions`` of its frames filled, and nothing drawn in those of its overlays.

        What is outside keeps its value; frames without keep their bytes. Raises Malformed, Unsafe as ``codecs.encoded`` does.
        """
        by_frame: defaultdict[int, list[Region]] = defaultdict(list)
        drawn: list[Region] = []
        for region in regions:
            (by_frame[region.frame] if region.element == PIXEL_DATA else drawn).append(region)
        found = cleared(self._document, drawn)
        if not by_frame:
            return apply_splices(self._document.source, self._document.completed(found))
        made = {frame - 1: self._frame(frame, of_frame) for frame, of_frame in sorted(by_frame.items())}
        return self._with(made, found)

    def words(self, frame: int) -> bytes:
        """The stored samples of frame ``frame`` (from 1), little-endian, of the size that is allocated. Raises Malformed."""
        return self._samples(frame).astype(_type(self.module).newbyteorder("<")).tobytes()

    def with_words(self, frames: Mapping[int, bytes]) -> bytes:
        """The instance with ``frames`` (by number, from 1), as ``words`` has them; the others keep their bytes.

        Raises Malformed, Unsafe as ``codecs.encoded`` does.
        """
        return self._with({frame - 1: self._of_words(frame, frames[frame]) for frame in sorted(frames)})

    def _of_words(self, frame: int, words: bytes) -> bytes:
        before, stored = self._samples(frame), self._stored(frame)
        samples = np.frombuffer(words, _type(self.module).newbyteorder("<")).reshape(before.shape).astype(before.dtype)
        return _bytes(samples, self.module) if self._native else encoded(samples, stored, self.module)

    def _with(self, changed: Mapping[int, bytes], more: Sequence[Splice] = ()) -> bytes:
        """The instance with frames, from 0, as they are stored, and with ``more``."""
        element = self._document.element(PIXEL_DATA)
        assert element is not None
        if self._native:
            length, whole = self.module.frame_bits // 8, bytearray(self._value)
            for number, made in changed.items():
                if self.module.bits == 1:
                    single_bits.put(whole, number, self.module.frame_bits, made)
                else:
                    whole[number * length : (number + 1) * length] = made
            found = [Splice(element.value, element.end, _swapped(whole) if self._halves else bytes(whole))]
        else:
            value = encapsulated(bytes(self._value), self._fragments, changed)
            found = [Splice(element.value, element.end, value)]
            found += self._document.removals([one for one in (_OFFSETS, _LENGTHS) if self._document.element(one)])
        return apply_splices(self._document.source, self._document.completed([*more, *found]))

    def _check_native(self) -> None:
        if self.module.photometric == "YBR_FULL_422":
            raise Malformed("pixel-format-unsupported", PIXEL_DATA)
        if 8 * len(self._value) < self.module.frame_bits * self.module.frames:
            raise Malformed("pixels-truncated", PIXEL_DATA)
        needed = -(-self.module.frame_bits * self.module.frames // 8)
        if bytes(self._value[needed + needed % 2 :]).strip(b"\0"):  # nobody looks there, and somebody may read it
            raise Malformed("pixels-left-over", PIXEL_DATA)

    def _extended(self) -> Sequence[int]:
        element = self._document.element(_OFFSETS)
        if element is None:
            return ()
        raw = self._document.bare(element)
        return [int.from_bytes(raw[at : at + 8], "little") for at in range(0, len(raw) - 7, 8)]

    def _stored(self, frame: int) -> bytes:
        if self._native and self.module.bits == 1:
            return single_bits.cut(self._value, frame - 1, self.module.frame_bits)
        if self._native:
            length = self.module.frame_bits // 8
            return bytes(self._value[(frame - 1) * length : frame * length])
        return b"".join(self._value[start:end] for start, end in self._fragments[frame - 1])

    def _samples(self, frame: int) -> Samples:
        stored = self._stored(frame)
        return _array(stored, self.module) if self._native else self._decoded(stored)

    def _decoded(self, stored: bytes) -> Samples:
        """Raises Malformed (``pixels-left-over``) too, where something stands behind the image: decoders say nothing of it."""
        samples = decoded(stored, self.module)
        runs = self.module.rows * self.module.columns if self.module.syntax == RLE else 0
        if left_over(stored, runs):
            raise Malformed("pixels-left-over", PIXEL_DATA)
        return samples

    def _frame(self, frame: int, regions: Iterable[Region]) -> bytes:
        """With ``regions`` filled, as it is stored."""
        stored = self._stored(frame)
        samples = (_array(stored, self.module) if self._native else self._decoded(stored)).copy()
        fill = _dark(samples, self.module, self._palette)
        for one in regions:
            samples[one.y : one.y + one.height, one.x : one.x + one.width] = fill
        return _bytes(samples, self.module) if self._native else encoded(samples, stored, self.module)


def _type(module: PixelModule) -> np.dtype[np.generic]:
    return np.dtype(f"{'>' if module.big else '<'}{'i' if module.signed else 'u'}{module.bits // 8}")


def _array(stored: bytes, module: PixelModule) -> Samples:
    if module.bits == 1:
        bits = np.unpackbits(np.frombuffer(stored, np.uint8), count=module.frame_bits, bitorder="little")
        return bits.reshape(module.rows, module.columns)
    samples = np.frombuffer(stored, _type(module))
    if module.planar:
        return samples.reshape(module.samples, module.rows, module.columns).transpose(1, 2, 0)
    shape = (module.rows, module.columns) + ((module.samples,) if module.samples > 1 else ())
    return samples.reshape(shape)


def _bytes(samples: Samples, module: PixelModule) -> bytes:
    if module.bits == 1:
        return np.packbits(samples.astype(np.uint8), bitorder="little").tobytes()
    ordered = samples.transpose(2, 0, 1) if module.planar else samples
    return np.ascontiguousarray(ordered).astype(_type(module), copy=False).tobytes()


def _swapped(stored: bytes | bytearray | memoryview) -> bytes:
    """Samples of 8 bits in big-endian words (PS3.5, 8.1.1): the value as a whole, which is of even length."""
    return np.frombuffer(stored, "<u2").byteswap().tobytes()


def _dark(
    samples: Samples, module: PixelModule, colours: Palette | None
) -> Any:  # Any: a sample, or a pixel of several
    """The darkest that a sample may be: of gray the least (or greatest) of the frame, so that no range of values grows."""
    if module.photometric == "MONOCHROME1":
        return samples.max()
    if colours is not None:
        return colours.darkest(samples)
    if module.samples == 1:
        return samples.min()
    is_ybr = module.photometric in ("YBR_FULL", "YBR_FULL_422") and module.syntax not in ("1.2.840.10008.1.2.4.90",)
    return np.array([0, 1 << module.stored - 1, 1 << module.stored - 1] if is_ybr else [0, 0, 0], samples.dtype)
