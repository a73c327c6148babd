"""Word documents made with python-docx for the tests, and all that is in one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import docx
from docx.shared import Inches
from PIL import Image


def word(then: Callable[[Any], None] | None = None) -> bytes:
    """A letter: a heading, a name that runs over three runs, a table, header, footer and a comment."""
    made = docx.Document()
    made.core_properties.author = "Quilty McGrath"
    made.add_heading("Discharge letter", 1)
    line = made.add_paragraph("Patient: Quil")
    line.add_run("ty Mc").bold = True
    line.add_run("Grath, born 03.04.1961")
    table = made.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Haemoglobin", "13.2 g/dl & falling"
    made.sections[0].header.paragraphs[0].text = "McGrath, Quilty"
    made.sections[0].footer.paragraphs[0].text = "Hodgkin lymphoma"
    made.add_comment(line.runs, text="Ask McGrath", author="Quilty McGrath", initials="QM")
    if then is not None:
        then(made)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def with_picture(made: Any) -> None:
    """A red picture of 40 by 30 pixels, whose name and description say something."""
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 20, 20)).save(stream, "PNG")
    stream.seek(0)
    shape = made.add_picture(stream, width=Inches(1))
    properties = shape._inline.docPr
    properties.set("descr", "Quilty McGrath at home")
    properties.set("name", "McGrath.png")


def rezipped(source: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """``source`` with its members changed."""
    members = unzipped(source)
    change(members)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def unzipped(source: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def read(source: bytes) -> Any:
    """As another reader opens it."""
    return docx.Document(io.BytesIO(source))
