"""JPEG of 12 bits (ITU-T T.81, extended sequential DCT): grey frames, read by GDCM, and written here: nothing else at hand can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deidstream.core.errors import Malformed

if TYPE_CHECKING:
    import numpy.typing as npt

    from deidstream.formats.dicom.pixels.codecs import Samples
    from deidstream.formats.dicom.pixels.module import PixelModule

    Ints = npt.NDArray[np.int64]
    Words = npt.NDArray[np.uint16]

__all__ = ["decoded", "encoded"]

_PRECISION, _MIDDLE = 12, 2048
_ZIGZAG = np.array(
    [row * 8 + column for row, column in sorted(np.ndindex(8, 8), key=lambda at: (sum(at), at[1 - sum(at) % 2]))]
)
_WAVES = np.arange(8)
_DCT = np.sqrt(np.where(_WAVES, 2, 1) / 8)[:, None] * np.cos((2 * _WAVES + 1) * _WAVES[:, None] * np.pi / 16)
_END, _SIXTEEN = 0x00, 0xF0
"""Symbols: nothing more in this block; sixteen zeros (F.1.2.2.1)."""
_LENGTHS = {
    0: [2] * 2 + [3] * 2 + [4] * 2 + [5, 6] + [8] * 8,
    1: [2] + [3] * 2 + [4] * 3 + [5] * 3 + [6] * 4 + [7] * 5 + [8] * 6 + [9] * 8 + [10] * 16 + [12] * 194,
}
"""Bits of codes, the commonest symbols first, of differences of DC and of AC. Some codes stay free, so that none is all ones."""


def decoded(frame: bytes, module: PixelModule) -> Words:
    """(rows, columns). Raises Malformed for what is not grey, or signed; what else GDCM raises."""
    import gdcm

    if module.samples != 1 or module.bits != 16 or module.signed:
        raise Malformed("frame-broken", "PixelData")
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimension(0, module.columns)
    image.SetDimension(1, module.rows)
    pixel_format = gdcm.PixelFormat(gdcm.PixelFormat.UINT16)
    pixel_format.SetBitsAllocated(16)
    pixel_format.SetSamplesPerPixel(1)
    pixel_format.SetBitsStored(_PRECISION)
    pixel_format.SetHighBit(_PRECISION - 1)
    image.SetPixelFormat(pixel_format)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGExtendedProcess2_4))
    fragment, fragments = gdcm.Fragment(), gdcm.SequenceOfFragments.New()
    fragment.SetByteStringValue(frame)
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image.SetDataElement(element)
    raw = image.GetBuffer().encode("utf-8", "surrogateescape")
    return np.frombuffer(raw, "<u2").reshape(module.rows, module.columns)


def encoded(samples: Samples, before: bytes, module: PixelModule) -> bytes:
    """A frame with the quantisation of ``before``: blocks that nobody painted in come out as they went in, but for rounding.

    Raises Malformed where ``before`` has none.
    """
    table = _quantisation(before)
    blocks = _quantised(samples, table)
    symbols, extra, sizes, kinds = _tokens(blocks)
    huffman = {kind: _huffman(symbols[kinds == kind], _LENGTHS[kind]) for kind in (0, 1)}
    codes, lengths = np.zeros_like(symbols), np.zeros_like(symbols)
    for kind, (_, code_of, length_of) in huffman.items():
        own = kinds == kind
        codes[own], lengths[own] = code_of[symbols[own]], length_of[symbols[own]]
    scan = _packed(codes << sizes | extra, lengths + sizes).replace(b"\xff", b"\xff\x00")
    size = module.rows.to_bytes(2, "big") + module.columns.to_bytes(2, "big")
    made = [
        b"\xff\xd8",
        _segment(0xDB, b"\x10" + table.astype(">u2").tobytes()),
        _segment(0xC1, bytes([_PRECISION]) + size + b"\x01\x01\x11\x00"),
        *(_segment(0xC4, bytes([kind << 4]) + said) for kind, (said, *_) in huffman.items()),
        _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00"),
        scan,
        b"\xff\xd9",
    ]
    frame = b"".join(made)
    return frame + b"\0" * (len(frame) % 2)


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def _quantisation(frame: bytes) -> Ints:
    """The table of the first component, in zigzag order (B.2.4.1). Raises Malformed where there is none."""
    tables: dict[int, Ints] = {}
    chosen, at = -1, 2
    while at + 4 <= len(frame) and frame[at] == 0xFF and frame[at + 1] != 0xDA:
        marker, content = frame[at + 1], frame[at + 4 : at + 2 + int.from_bytes(frame[at + 2 : at + 4], "big")]
        if marker == 0xDB:
            tables |= _tables(content)
        elif marker == 0xC1 and len(content) >= 9:
            chosen = content[8]
        at += 4 + len(content)
    if chosen not in tables:
        raise Malformed("cannot-reencode", "PixelData")
    return tables[chosen]


def _tables(content: bytes) -> dict[int, Ints]:
    found: dict[int, Ints] = {}
    while len(content) >= 65:
        wide = content[0] >> 4
        values = np.frombuffer(content[1 : 65 + 64 * wide], ">u2" if wide else np.uint8)
        found[content[0] & 15] = values.astype(np.int64)
        content = content[65 + 64 * wide :]
    return found


def _quantised(samples: Samples, table: Ints) -> Ints:
    """Coefficients of each block of 8 by 8, from the left and from above: (blocks, 64), in zigzag order (A.3)."""
    rows, columns = samples.shape
    padded = np.pad(samples.astype(np.float64) - _MIDDLE, ((0, -rows % 8), (0, -columns % 8)), "edge")
    blocks = padded.reshape(padded.shape[0] // 8, 8, -1, 8).swapaxes(1, 2).reshape(-1, 8, 8)
    waves = (_DCT @ blocks @ _DCT.T).reshape(-1, 64)[:, _ZIGZAG]
    return np.asarray(np.clip(np.rint(waves / table), -16_383, 16_383), np.int64)


def _tokens(blocks: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """What is written, in order: symbols, the bits behind each and how many, and which table the symbol is of (F.1.2)."""
    changes = np.diff(blocks[:, 0], prepend=0)
    block, at = np.nonzero(blocks[:, 1:])
    at = at + 1
    before = np.where(np.diff(block, prepend=-1) == 0, np.roll(at, 1), 0)
    runs, values = at - before - 1, blocks[block, at]
    place = block * 64 + at
    skipped = np.repeat(place, runs // 16)
    ended = np.nonzero(blocks[:, 63] == 0)[0] * 64 + 63
    every = np.arange(len(blocks)) * 64
    order = np.argsort(
        np.concatenate([every, skipped, place, ended]) * 2 + _later(every, skipped, place, ended), kind="stable"
    )
    symbols = [
        _size(changes),
        np.full_like(skipped, _SIXTEEN),
        runs % 16 << 4 | _size(values),
        np.full_like(ended, _END),
    ]
    written = np.concatenate([changes, skipped * 0, values, ended * 0])[order]
    kinds = np.concatenate([every * 0, skipped * 0 + 1, place * 0 + 1, ended * 0 + 1])[order]
    sizes = _size(written)
    return np.concatenate(symbols)[order], np.where(written < 0, written + (1 << sizes) - 1, written), sizes, kinds


def _later(every: Ints, skipped: Ints, place: Ints, ended: Ints) -> Ints:
    """Of what belongs to one coefficient, zeros are written before it."""
    return np.concatenate([every * 0, skipped * 0, place * 0 + 1, ended * 0 + 1])


def _size(values: Ints) -> Ints:
    """Bits of each magnitude (table F.1)."""
    return np.frexp(np.abs(values).astype(np.float64))[1].astype(np.int64)


def _huffman(symbols: Ints, lengths: list[int]) -> tuple[bytes, Ints, Ints]:
    """Codes for ``symbols``, short ones for common ones: the table as it is written (B.2.4.2), and code and length by symbol."""
    found, counts = np.unique(symbols, return_counts=True)
    ordered = found[np.argsort(-counts, kind="stable")]
    code_of, length_of = np.zeros(256, np.int64), np.zeros(256, np.int64)
    code, last = 0, lengths[0]
    for symbol, length in zip(ordered.tolist(), lengths, strict=False):
        code <<= length - last
        code_of[symbol], length_of[symbol], last = code, length, length
        code += 1
    by_length = np.bincount(length_of[ordered], minlength=17)[1:17]
    return bytes(by_length.tolist()) + bytes(ordered.tolist()), code_of, length_of


def _packed(words: Ints, lengths: Ints) -> bytes:
    """``words``, the last ``lengths`` bits of each, one after the other; ones behind the last."""
    ends = np.cumsum(lengths)
    bits = np.ones(-(-int(ends[-1]) // 8) * 8, np.uint8)
    for back in range(int(lengths.max())):
        some = lengths > back
        bits[ends[some] - 1 - back] = words[some] >> back & 1
    return np.packbits(bits).tobytes()
