"""Compressed frames to samples and back, by transfer syntax (PS3.5, annex A.4). What is written is read again and compared.

Samples are (rows, columns) or (rows, columns, samples), as they are stored: of JPEG in the colour space of its stream, of JPEG 2000
after its colour transform is undone.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from pydicom.uid import UID

from deidstream.core.errors import Malformed, Unsafe
from deidstream.formats.dicom.pixels import jpeg_12
from deidstream.formats.dicom.pixels.module import PixelModule

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["LOSSY", "NATIVE", "RLE", "Samples", "decoded", "encoded", "is_read"]

Samples: TypeAlias = "npt.NDArray[np.generic]"

NATIVE = frozenset({"", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"})
RLE = "1.2.840.10008.1.2.5"
_JPEG = frozenset({"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"})
_JPEG_LOSSLESS = frozenset({"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"})
_JPEG_LS = frozenset({"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"})
_JPEG_2000 = frozenset({"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"})
_HIGH_THROUGHPUT = frozenset({"1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203"})
LOSSY = dict.fromkeys(_JPEG, "ISO_10918_1")
"""Syntaxes in which a frame that is written anew loses a little once more, and by which standard (PS3.3, C.7.6.1.1.5.1)."""
_MOST_APART = 3.0
"""Mean difference, in steps of 8 bits, of a frame outside of what was painted, after it was compressed with loss again."""
_ALIKE = 60.0
"""Peak signal-to-noise ratio (dB) of irreversible JPEG 2000 that is written anew."""


def is_read(syntax: str) -> bool:
    """Whether its frames can be decoded here."""
    return syntax in NATIVE | {RLE} | _JPEG | _JPEG_LOSSLESS | _JPEG_LS | _JPEG_2000 | _HIGH_THROUGHPUT


def decoded(frame: bytes, module: PixelModule) -> Samples:
    """Raises Malformed (``frame-broken``) for what cannot be decoded, or is of another size than its header says."""
    try:
        samples = _decoder(module.syntax, frame)(frame, module)
    except Malformed:
        raise
    except Exception:  # noqa: BLE001 - decoders raise what they like, and what they say may be content
        raise Malformed("frame-broken", "PixelData") from None
    if samples.shape[:2] != (module.rows, module.columns) or samples.size != np.prod(_shape(module)):
        raise Malformed("frame-broken", "PixelData")
    return samples.reshape(_shape(module))


def encoded(samples: Samples, before: bytes, module: PixelModule) -> bytes:
    """``samples`` as a frame of the same syntax; ``before``: the frame that they were decoded from, and have been painted in.

    Raises Malformed (``cannot-reencode``) for syntaxes that nothing here writes, Unsafe where the frame, read again, is another.
    """
    try:
        frame = _encoder(module, before)(samples, before, module)
    except Malformed:
        raise
    except Exception:  # noqa: BLE001
        raise Malformed("cannot-reencode", "PixelData") from None
    again = decoded(frame, module)
    if not _is_alike(samples, again, module):
        raise Unsafe("reencoded-differs", "PixelData")
    return frame


def _shape(module: PixelModule) -> tuple[int, ...]:
    return (module.rows, module.columns) + ((module.samples,) if module.samples > 1 else ())


def _is_alike(samples: Samples, again: Samples, module: PixelModule) -> bool:
    if module.syntax not in _JPEG and module.photometric != "YBR_ICT":
        return bool(np.array_equal(samples, again))
    apart = np.abs(samples.astype(np.int64) - again.astype(np.int64)).mean()
    return bool(apart * 255 / (2**module.stored - 1) <= _MOST_APART)


def _decoder(syntax: str, frame: bytes) -> Callable[[bytes, PixelModule], Samples]:
    if syntax in _JPEG and _precision(frame) == 8:
        return _from_jpeg
    if syntax in _JPEG and _precision(frame) == 12:
        return jpeg_12.decoded
    if syntax in _JPEG_2000 | _HIGH_THROUGHPUT:
        return _from_jpeg_2000
    if syntax in {RLE} | _JPEG | _JPEG_LOSSLESS | _JPEG_LS:
        return _from_pydicom
    raise Malformed("transfer-syntax-not-decoded", "PixelData")


def _encoder(module: PixelModule, before: bytes) -> Callable[[Samples, bytes, PixelModule], bytes]:
    syntax = module.syntax
    if syntax in _JPEG and _precision(before) == 8:
        return _to_jpeg
    if syntax in _JPEG and _precision(before) == 12:
        return jpeg_12.encoded
    if syntax in _JPEG_2000:
        return _to_jpeg_2000
    if syntax == RLE or syntax in _JPEG_LS:
        return _to_pydicom
    if syntax in _JPEG_LOSSLESS:
        return _to_jpeg_lossless
    raise Malformed("cannot-reencode", "PixelData")


def _precision(frame: bytes) -> int:
    """Bits of a sample, by the frame header (ITU-T T.81, B.2.2); 0 where there is none."""
    at = 2
    while at + 9 < len(frame) and frame[at] == 0xFF:
        marker, length = frame[at + 1], int.from_bytes(frame[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return frame[at + 4]
        at += 2 + length
    return 0


def _options(module: PixelModule) -> dict[str, Any]:  # Any: pydicom's options
    return {
        "rows": module.rows,
        "columns": module.columns,
        "samples_per_pixel": module.samples,
        "photometric_interpretation": module.photometric,
        "bits_allocated": module.bits,
        "bits_stored": module.stored,
        "pixel_representation": int(module.signed),
        "number_of_frames": 1,
        "planar_configuration": 0,
        "pixel_keyword": "PixelData",
    }


def _from_pydicom(frame: bytes, module: PixelModule) -> Samples:
    from pydicom.encaps import encapsulate
    from pydicom.pixels.decoders.base import get_decoder

    decoder = get_decoder(UID(module.syntax))
    # Bits outside of the samples stay: somebody must look at them too.
    options = _options(module) | {"correct_unused_bits": False}
    samples, _ = decoder.as_array(encapsulate([frame]), index=0, raw=True, **options)
    return np.asarray(samples)


def _to_pydicom(samples: Samples, before: bytes, module: PixelModule) -> bytes:
    """Of near-lossless JPEG-LS too without loss: its syntax allows it, and what was not painted loses nothing more."""
    from pydicom.pixels.encoders.base import get_encoder

    options = _options(module)
    if module.syntax == RLE or int(samples.max()) >> module.stored > 0:
        options["bits_stored"] = module.bits  # what is written are words, with what stands outside of the samples
    if module.photometric.startswith("YBR"):
        options["photometric_interpretation"] = "YBR_FULL" if module.syntax == RLE else "RGB"
    encoder = get_encoder(UID(module.syntax))
    return bytes(
        encoder.encode(np.ascontiguousarray(samples), index=None, encoding_plugin=_WRITERS[module.syntax], **options)
    )


_WRITERS = {RLE: "pydicom", **dict.fromkeys(_JPEG_LS, "pyjpegls")}


def _from_jpeg(frame: bytes, module: PixelModule) -> Samples:
    from PIL import Image

    with Image.open(io.BytesIO(frame), formats=("JPEG",)) as image:
        if image.size != (module.columns, module.rows):
            raise Malformed("frame-broken", "PixelData")
        if _is_luminance(image):
            image.draft("YCbCr", image.size)  # as it is stored: no colour is computed twice
        return np.asarray(image).copy()


def _is_luminance(image: Any) -> bool:  # Any: Pillow's JPEG file
    """Whether its colours are stored as luminance and chrominance: by Adobe's marker, else by the names of its components."""
    if image.mode != "RGB":
        return False
    if "adobe_transform" in image.info:
        return bool(image.info["adobe_transform"])
    return [component[0] for component in image.layer] != list(b"RGB")


def _to_jpeg(samples: Samples, before: bytes, module: PixelModule) -> bytes:
    """With the tables of the frame before: blocks that nobody painted in come out as they went in, but for rounding."""
    from PIL import Image
    from PIL.JpegImagePlugin import get_sampling

    with Image.open(io.BytesIO(before), formats=("JPEG",)) as image:
        tables, sampling, luminance = image.quantization, get_sampling(image), _is_luminance(image)  # type: ignore[attr-defined]
    out = io.BytesIO()
    made = Image.fromarray(np.ascontiguousarray(samples))
    if luminance:
        made = Image.frombytes("YCbCr", made.size, made.tobytes())
    made.save(out, "JPEG", qtables=tables, subsampling=max(0, sampling), keep_rgb=not luminance)
    frame = out.getvalue()
    return frame + b"\0" * (len(frame) % 2)


def _from_jpeg_2000(frame: bytes, module: PixelModule) -> Samples:
    from openjpeg.utils import decode, get_parameters

    said = get_parameters(frame)
    if (said["rows"], said["columns"]) != (module.rows, module.columns):
        raise Malformed("frame-broken", "PixelData")
    samples = decode(frame)
    if (module.signed and not said["is_signed"]) or (said["is_signed"] and not module.signed):
        return samples.astype(f"{'i' if module.signed else 'u'}{samples.dtype.itemsize}")
    return np.asarray(samples)


def _to_jpeg_2000(samples: Samples, before: bytes, module: PixelModule) -> bytes:
    """Reversible, unless the frame's colours were transformed irreversibly: then so good that the loss is below one step."""
    from openjpeg.utils import encode_array, get_parameters

    said = get_parameters(before)
    options: dict[str, Any] = {"bits_stored": said["precision"]}
    samples = samples.astype(f"{'i' if said['is_signed'] else 'u'}{samples.dtype.itemsize}")
    if module.photometric in ("YBR_RCT", "YBR_ICT"):
        options |= {"photometric_interpretation": 1, "use_mct": True}
    if module.photometric == "YBR_ICT":
        options["signal_noise_ratios"] = [_ALIKE]
    return bytes(encode_array(np.ascontiguousarray(samples), **options))


def _to_jpeg_lossless(samples: Samples, before: bytes, module: PixelModule) -> bytes:
    import gdcm

    native = gdcm.Image()
    native.SetNumberOfDimensions(2)
    native.SetDimension(0, module.columns)
    native.SetDimension(1, module.rows)
    kind = {(8, False): "UINT8", (8, True): "INT8", (16, False): "UINT16", (16, True): "INT16"}[
        module.bits, module.signed
    ]
    pixel_format = gdcm.PixelFormat(getattr(gdcm.PixelFormat, kind))
    pixel_format.SetBitsAllocated(module.bits)  # not said twice, 16 bits are refused
    pixel_format.SetSamplesPerPixel(module.samples)
    pixel_format.SetBitsStored(module.stored)
    pixel_format.SetHighBit(module.stored - 1)
    native.SetPixelFormat(pixel_format)
    colour = gdcm.PhotometricInterpretation.RGB if module.samples > 1 else gdcm.PhotometricInterpretation.MONOCHROME2
    native.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(colour))
    native.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.ExplicitVRLittleEndian))
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetByteStringValue(np.ascontiguousarray(samples).tobytes())
    native.SetDataElement(element)
    target = gdcm.TransferSyntax.GetTSType(module.syntax)
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(target))
    change.SetInput(native)
    native.thisown = False  # the filter counts references, and deletes it with itself
    if not change.Change():
        raise Malformed("cannot-reencode", "PixelData")
    sequence = change.GetOutput().GetDataElement().GetSequenceOfFragments()
    return b"".join(
        sequence.GetFragment(number).GetByteValue().GetBuffer().encode("utf-8", "surrogateescape")
        for number in range(sequence.GetNumberOfFragments())
    )
