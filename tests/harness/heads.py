"""A head made of ellipsoids, with all that a face is found by: eyes, nose, ears, sinuses, skull, brain. As CT, as MR, as DICOM."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pydicom
from deidstream.formats.dicom import split
from deidstream.formats.dicom.pixels.codecs import encoded
from deidstream.formats.dicom.pixels.picture import DicomPicture
from openjpeg.utils import encode_array
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import compress
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless, generate_uid

Floats = npt.NDArray[np.float32]
STEP = 3.0
_SHAPE = (72, 80, 64)
"""Slices (upwards), rows (backwards), columns (to the left), each three millimetres apart."""


@dataclass(frozen=True, slots=True)
class Phantom:
    """``values`` as measured; ``brain`` and ``face`` (nose, eyes, mouth: what must not stay) by voxel."""

    values: Floats = field(repr=False)
    brain: npt.NDArray[np.bool_] = field(repr=False)
    face: npt.NDArray[np.bool_] = field(repr=False)


def phantom(modality: str = "CT", seed: int = 1) -> Phantom:
    """A head of an adult, looking ahead, with noise."""
    ct = modality == "CT"
    air, skin, bone, brain, fat = (-1000, 40, 900, 35, -60) if ct else (0, 300, 20, 400, 500)
    values = np.full(_SHAPE, air, np.float32)
    head = _ball((130, 118, 96), (88, 100, 78))
    neck = _ball((20, 140, 96), (110, 55, 55))
    jaw = _ball((70, 80, 96), (50, 60, 52))
    nose = _ball((95, 24, 96), (18, 16, 11))
    ears = _ball((105, 125, 16), (30, 20, 12)) | _ball((105, 125, 176), (30, 20, 12))
    for part in (neck, jaw, head, nose, ears):
        values[part] = skin
    values[_ball((130, 120, 96), (82, 92, 70))] = bone
    inner = _ball((132, 122, 96), (75, 84, 63)) & _above(88) & ~(_before(78) & ~_above(138))
    values[inner] = brain
    eyes = _ball((110, 38, 66), (14, 14, 14)) | _ball((110, 38, 126), (14, 14, 14))
    values[eyes] = fat
    values[_ball((88, 50, 96), (20, 24, 8))] = air
    values[_ball((80, 52, 70), (14, 16, 12)) | _ball((80, 52, 122), (14, 16, 12))] = air
    mouth = _ball((52, 30, 96), (4, 16, 22))
    values[mouth] = air
    random = np.random.default_rng(seed)
    values += random.normal(0, 12 if ct else 8, _SHAPE).astype(np.float32)
    return Phantom(np.round(values if ct else np.abs(values)), inner, nose | eyes | mouth)


def instances(values: Floats, modality: str = "CT", **more: object) -> list[bytes]:
    """Each slice as an instance, lowest first; ``more``: other attributes."""
    series, study, frame = generate_uid(), generate_uid(), generate_uid()
    out = []
    for number, slice_ in enumerate(values):
        made = _header(modality, series, study, frame, number, slice_.shape)
        raw = slice_ + 1024 if modality == "CT" else slice_
        made.PixelData = np.clip(raw, 0, 65535).astype("<u2").tobytes()
        for keyword, value in more.items():
            setattr(made, keyword, value)
        out.append(_written(made))
    return out


def multiframe(values: Floats, modality: str = "CT") -> bytes:
    """All slices, from the top, as the frames of one enhanced instance (PS3.3, A.38, A.36)."""
    first = read(instances(values[:1], modality)[0])
    made = _header(
        modality, first.SeriesInstanceUID, first.StudyInstanceUID, first.FrameOfReferenceUID, 0, values[0].shape
    )
    made.SOPClassUID = f"1.2.840.10008.5.1.4.1.1.{'2' if modality == 'CT' else '4'}.1"
    made.SOPInstanceUID, made.NumberOfFrames = generate_uid(), len(values)
    for keyword in (
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "PixelSpacing",
        "RescaleSlope",
        "RescaleIntercept",
    ):
        if keyword in made:
            del made[keyword]
    made.SharedFunctionalGroupsSequence = [
        _group(
            PixelMeasuresSequence={"PixelSpacing": [STEP, STEP], "SliceThickness": STEP},
            PlaneOrientationSequence={"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]},
            PixelValueTransformationSequence={"RescaleSlope": 1, "RescaleIntercept": -1024, "RescaleType": "HU"},
        )
    ]
    made.PerFrameFunctionalGroupsSequence = [
        _group(PlanePositionSequence={"ImagePositionPatient": [0, 0, number * STEP]})
        for number in reversed(range(len(values)))
    ]
    made.PixelData = np.clip(values[::-1] + 1024, 0, 65535).astype("<u2").tobytes()
    return _written(made)


def compressed(content: bytes, syntax: str) -> bytes:
    """The instance ``content`` in another transfer syntax."""
    made = read(content)
    if syntax == ExplicitVRLittleEndian:
        return content
    if syntax in (RLELossless, JPEGLSLossless):
        compress(made, syntax, encoding_plugin="pydicom" if syntax == RLELossless else "pyjpegls")
    else:
        frames = made.pixel_array.reshape(-1, made.Rows, made.Columns)
        made.PixelData = encapsulate([_frame(one, made, syntax) for one in frames])
        made["PixelData"].is_undefined_length, made["PixelData"].VR = True, "OB"
        made.file_meta.TransferSyntaxUID = UID(syntax)
    return _bytes(made)


def _frame(samples: npt.NDArray[np.generic], header: Dataset, syntax: str) -> bytes:
    if syntax == JPEG2000Lossless:
        return bytes(encode_array(np.ascontiguousarray(samples), bits_stored=header.BitsStored))
    module = DicomPicture(split(_bytes(header))).module
    return encoded(samples, b"", replace(module, syntax=syntax))


def _bytes(made: Dataset) -> bytes:
    out = io.BytesIO()
    made.save_as(out)
    return out.getvalue()


def _group(**sequences: dict[str, object]) -> Dataset:
    made = Dataset()
    for keyword, values in sequences.items():
        item = Dataset()
        for name, value in values.items():
            setattr(item, name, value)
        setattr(made, keyword, [item])
    return made


def read(content: bytes) -> pydicom.FileDataset:
    """What was released."""
    return pydicom.dcmread(io.BytesIO(content))


def measured(contents: Sequence[bytes]) -> Floats:
    """Slices as a volume again, lowest first."""
    every = sorted(map(read, contents), key=lambda one: float(one.ImagePositionPatient[2]))
    return np.stack(
        [one.pixel_array * float(one.get("RescaleSlope", 1)) + float(one.get("RescaleIntercept", 0)) for one in every]
    ).astype(np.float32)


def _header(modality: str, series: UID, study: UID, frame: UID, number: int, shape: tuple[int, ...]) -> Dataset:
    made = Dataset()
    made.SOPClassUID = f"1.2.840.10008.5.1.4.1.1.{2 if modality == 'CT' else 4}"
    made.SOPInstanceUID = generate_uid()
    made.StudyInstanceUID, made.SeriesInstanceUID, made.FrameOfReferenceUID = study, series, frame
    made.Modality, made.ImageType, made.InstanceNumber = modality, ["ORIGINAL", "PRIMARY", "AXIAL"], number + 1
    made.PatientID, made.PatientName, made.StudyDate = "4711", "Quiltrane^Ada", "20260102"
    made.ImagePositionPatient = [0, 0, number * STEP]
    made.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    made.PixelSpacing = [STEP, STEP]
    made.Rows, made.Columns = shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 0
    if modality == "CT":
        made.RescaleSlope, made.RescaleIntercept = 1, -1024
    return made


def _written(made: Dataset) -> bytes:
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out = io.BytesIO()
    pydicom.dcmwrite(out, made, enforce_file_format=True)
    return out.getvalue()


def _ball(middle: tuple[float, float, float], radii: tuple[float, float, float]) -> npt.NDArray[np.bool_]:
    at = np.indices(_SHAPE) * STEP
    return np.asarray(sum(((at[n] - middle[n]) / radii[n]) ** 2 for n in range(3)) <= 1)


def _before(depth: float) -> npt.NDArray[np.bool_]:
    return np.asarray(np.indices(_SHAPE)[1] * STEP < depth)


def _above(height: float) -> npt.NDArray[np.bool_]:
    return np.asarray(np.indices(_SHAPE)[0] * STEP > height)
