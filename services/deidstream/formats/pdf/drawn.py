"""What a page shows and its text layer does not say: pictures, and shapes with curves (letters as outlines, signatures, logos)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ctypes import c_float
from typing import Any

from deidstream.core.errors import Malformed
from deidstream.core.page import Box

__all__ = ["pictured"]

_NEAR = 12
"""Pixels: shapes so close to one another are one drawing."""
_DEEPEST = 16
_MOST = 200_000
"""Objects of a page."""
_Handle = Any  # of pdfium, which has no types
_Matrix = tuple[float, float, float, float, float, float]
_Corners = tuple[float, float, float, float]


def pictured(page: _Handle, place: Callable[[float, float, float, float], Box]) -> list[Box]:
    """Where pictures and drawings are, those that touch as one. Raises Malformed where a page has too many objects.

    ``place``: from left, bottom, right and top in points to pixels. Straight lines and boxes (tables, charts, curves of an ECG,
    which are drawn as many short lines) are no drawings: they say nothing that is read.
    """
    return _united([place(*corners) for corners in _on_page(page)])


def _on_page(page: _Handle) -> Iterator[_Corners]:
    import pypdfium2.raw as pdfium

    count = pdfium.FPDFPage_CountObjects(page)
    if count > _MOST:
        raise Malformed("page-too-large")
    for at in range(count):
        yield from _seen(pdfium.FPDFPage_GetObject(page, at), [], 0)


def _seen(one: _Handle, outer: list[_Matrix], depth: int) -> Iterator[_Corners]:
    """The bounds of what is looked for in an object, and in the forms that it is made of."""
    import pypdfium2.raw as pdfium

    kind = pdfium.FPDFPageObj_GetType(one)
    if kind == pdfium.FPDF_PAGEOBJ_FORM:
        if depth >= _DEEPEST:
            raise Malformed("page-too-large")
        matrix = pdfium.FS_MATRIX()
        if not pdfium.FPDFPageObj_GetMatrix(one, matrix):
            raise Malformed("pdf-unreadable")
        inner = [(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f), *outer]
        for at in range(pdfium.FPDFFormObj_CountObjects(one)):
            yield from _seen(pdfium.FPDFFormObj_GetObject(one, at), inner, depth + 1)
    elif kind in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING) or (
        kind == pdfium.FPDF_PAGEOBJ_PATH and _is_curved(one)
    ):
        left, bottom, right, top = (c_float() for _ in range(4))
        if not pdfium.FPDFPageObj_GetBounds(one, left, bottom, right, top):
            raise Malformed("pdf-unreadable")
        yield _moved((left.value, bottom.value, right.value, top.value), outer)


def _is_curved(path: _Handle) -> bool:
    import pypdfium2.raw as pdfium

    return any(
        pdfium.FPDFPathSegment_GetType(pdfium.FPDFPath_GetPathSegment(path, at)) == pdfium.FPDF_SEGMENT_BEZIERTO
        for at in range(pdfium.FPDFPath_CountSegments(path))
    )


def _moved(corners: _Corners, matrices: list[_Matrix]) -> _Corners:
    left, bottom, right, top = corners
    points = [(x, y) for x in (left, right) for y in (bottom, top)]
    for a, b, c, d, e, f in matrices:
        points = [(a * x + c * y + e, b * x + d * y + f) for x, y in points]
    across, up = [x for x, _ in points], [y for _, y in points]
    return min(across), min(up), max(across), max(up)


def _united(boxes: list[Box]) -> list[Box]:
    """Those that touch, or nearly, as one; from the top down."""
    left = sorted(boxes, key=lambda box: box.top)
    out: list[Box] = []
    for box in left:
        while near := next((other for other in out if _are_near(other, box)), None):
            out.remove(near)
            box = box.united(near)
        out.append(box)
    return sorted(out, key=lambda box: (box.top, box.left))


def _are_near(one: Box, other: Box) -> bool:
    return (
        one.left - _NEAR < other.right
        and other.left - _NEAR < one.right
        and one.top - _NEAR < other.bottom
        and other.top - _NEAR < one.bottom
    )
