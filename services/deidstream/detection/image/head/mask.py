"""What becomes of the pixels of one frame, small enough to travel with its case, and how it is carried out in the bytes."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from deidstream.core.document import Splice, apply_splices
from deidstream.core.errors import Unsafe
from deidstream.detection.image.head.frames import Frame, Pixels, frames_of, pixels_of
from deidstream.detection.image.head.verdict import AIR, FILLED, Cut
from deidstream.formats.dicom import DicomDocument, split
from deidstream.ports import Samples

__all__ = ["FrameMask", "locator_of", "mask_of", "painted"]

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]

_SUFFIX = "~head"


@dataclass(frozen=True, slots=True)
class FrameMask:
    """``labels`` (rows, columns) of KEPT, AIR or FILLED, and the values of which air and tissue are made."""

    labels: Labels = field(repr=False)
    background: Floats = field(repr=False)
    tissue: Floats = field(repr=False)

    @property
    def count(self) -> int:
        """Pixels that change."""
        return int(np.count_nonzero(self.labels))

    def to_text(self) -> str:
        """For a finding; content."""
        said = {
            "shape": self.labels.shape,
            "background": self.background.tolist(),
            "tissue": self.tissue.tolist(),
        }
        bits = np.packbits(self.labels == AIR).tobytes() + np.packbits(self.labels == FILLED).tobytes()
        return base64.b85encode(zlib.compress(json.dumps(said).encode() + b"\0" + bits)).decode()

    @classmethod
    def from_text(cls, text: str) -> FrameMask:
        """The inverse. Raises Unsafe (``mask-broken``)."""
        try:
            head, _, bits = zlib.decompress(base64.b85decode(text)).partition(b"\0")
            said = json.loads(head)
            rows, columns = said["shape"]
            half = np.frombuffer(bits, np.uint8).reshape(2, -1)
            air, filled = (np.unpackbits(one, count=rows * columns).reshape(rows, columns) for one in half)
        except (ValueError, KeyError, zlib.error):
            raise Unsafe("mask-broken", "PixelData") from None
        labels = np.where(air, AIR, np.where(filled, FILLED, 0)).astype(np.uint8)
        return cls(labels, np.array(said["background"], np.float32), np.array(said["tissue"], np.float32))


def locator_of(frame: int) -> str:
    """How findings and decisions name the head in a frame, which counts from 0."""
    return f"PixelData[{frame + 1}]{_SUFFIX}"


def mask_of(cut: Cut, frame: Frame) -> FrameMask:
    """The part of ``cut`` that lies in ``frame``."""
    return FrameMask(cut.labels(frame.plane), cut.background, cut.tissue)


def painted(
    document: DicomDocument, masks: Mapping[str, FrameMask], seed: bytes, samples: Callable[[], Samples]
) -> DicomDocument:
    """``document`` with noise in the places of ``masks`` (by locator), and everything else as it was: of native pixels the lengths
    too, of compressed ones the frames without a mask.

    The same seed gives the same noise. Raises Malformed, Unsafe where a mask does not fit, or as ``samples`` does.
    """
    pixels = pixels_of(document)
    body = samples().words(document.source) if pixels.compressed else document.body
    changed: dict[int, bytes] = {}
    random = np.random.default_rng(list(seed))
    for frame in frames_of(document, pixels):
        mask = masks.get(locator_of(frame.number))
        if mask is not None:
            changed[frame.number] = _changed(body, pixels, frame, mask, random)
    if len(changed) != len(masks):
        raise Unsafe("mask-without-frame", "PixelData")
    if pixels.compressed:
        return split(samples().with_words(document.source, {number + 1: made for number, made in changed.items()}))
    starts = {pixels.start + number * pixels.size: made for number, made in changed.items()}
    body = apply_splices(body, [Splice(at, at + pixels.size, made) for at, made in starts.items()])
    # Nothing has moved: what was read of the instance still holds.
    source = document.source if document.opened.deflated else body
    return DicomDocument(source, replace(document.opened, body=body), document.elements, document.encodings)


def _changed(body: bytes, pixels: Pixels, frame: Frame, mask: FrameMask, random: np.random.Generator) -> bytes:
    words = pixels.words(body, frame.number)
    if mask.labels.shape != words.shape:
        raise Unsafe("mask-without-frame", "PixelData")
    values = np.zeros(words.shape, np.float32)
    for label, pool in ((AIR, mask.background), (FILLED, mask.tissue)):
        places = mask.labels == label
        values[places] = random.choice(pool, int(places.sum()))
    changed = mask.labels > 0
    return pixels.changed(words, changed, values[changed], frame)
