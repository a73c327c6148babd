"""The package of a Word document: which of its members are kept, which are pictures, and the ZIP file around them."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from deidstream.core.errors import Malformed

__all__ = ["MAIN", "TYPES", "Package", "is_picture", "is_relationships", "opened", "packed", "target"]

MAIN = "word/document.xml"
TYPES = "[Content_Types].xml"
_MOST_MEMBERS = 2_000
_MOST_BYTES = 64 << 20
"""Of all members, unpacked."""
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_COMPOUND = b"\xd0\xcf\x11\xe0"
_KEPT = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|word/_rels/[\w.-]+\.rels|"
    r"word/(?:document|styles|numbering|fontTable|footnotes|endnotes|comments|header\d*|footer\d*|theme/theme\d*)\.xml"
)
_PICTURE = re.compile(r"word/media/[^/]+\.(?:png|jpe?g|gif|bmp|tiff?)", re.IGNORECASE)
"""Those of other kinds (EMF, SVG) are not kept, and their frames go."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Package:
    """``members``: names to contents of what is kept, in the order of the file, pictures among them."""

    members: Mapping[str, bytes] = field(repr=False)


def opened(source: bytes) -> Package:
    """The members of ``source`` that are kept. Raises Malformed.

    ``docx-encrypted``, ``docx-unreadable``, ``docx-too-large``, or ``docx-not-word`` for a package of another kind.
    """
    if source.startswith(_COMPOUND):
        raise Malformed("docx-encrypted" if _ENCRYPTED in source else "docx-not-word")
    try:
        with zipfile.ZipFile(io.BytesIO(source)) as archive:
            names = [one.filename for one in archive.infolist()]
            if len(names) > _MOST_MEMBERS or sum(one.file_size for one in archive.infolist()) > _MOST_BYTES:
                raise Malformed("docx-too-large")
            if len(set(names)) != len(names):
                raise Malformed("docx-unreadable")  # which of two is read depends on who reads
            kept = {name for name in names if _KEPT.fullmatch(name) or is_picture(name)}
            members = {name: archive.read(name) for name in names if name in kept and _holder(name) in kept | {""}}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zipfile.LargeZipFile):
        raise Malformed("docx-unreadable") from None
    if MAIN not in members or TYPES not in members:
        raise Malformed("docx-not-word")
    return Package(members)


def packed(members: Mapping[str, bytes]) -> bytes:
    """A ZIP file of ``members``, the same for the same ones."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def is_picture(name: str) -> bool:
    """Whether a member is a picture that the text shows."""
    return _PICTURE.fullmatch(name) is not None


def is_relationships(name: str) -> bool:
    """Whether a member says what others point to (ECMA-376 part 2, 9.3)."""
    return name.endswith(".rels")


def _holder(name: str) -> str:
    """The member whose relationships ``name`` holds; '' where it holds those of the package, or none."""
    folder, _, last = name.rpartition("_rels/")
    return folder + last.removesuffix(".rels") if is_relationships(name) else ""


def target(relationships: str, value: str) -> str:
    """The member that a relationship in the member ``relationships`` points to."""
    if value.startswith("/"):
        return value[1:]
    folder = posixpath.dirname(posixpath.dirname(relationships))
    return posixpath.normpath(posixpath.join(folder, value))
