"""A Word document is read as its readers read it; what was not decided about stays as it was, what nobody sees goes."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from deidstream.core.category import Category
from deidstream.core.decision import Decision, Method
from deidstream.core.document import Edit, splice
from deidstream.core.errors import Malformed
from deidstream.core.reassemble import edits
from deidstream.core.span import Span
from deidstream.formats import sniff, split
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from PIL import Image

from tests.formats.docx.made import read, rezipped, unzipped, with_picture, word

NAMES = ("Quilty McGrath", "McGrath, Quilty", "Ask McGrath")
MAIN = "word/document.xml"


def without(source: bytes) -> bytes:
    """``source`` with every sighting of the patient replaced, and what nobody sees taken out."""
    document = split("docx", source)
    decisions = [Decision("unseen", None, Category.UNKNOWN, Method.REDACT, None, "", (), 1.0)]
    for part in document.parts:
        for name in NAMES:
            at = part.text.find(name)
            if at >= 0:
                span = Span(at, at + len(name))
                decisions.append(
                    Decision(part.locator, span, Category.NAME, Method.PSEUDONYM, "Jo & Abel", "", (), 1.0)
                )
    return splice(document, edits(document, decisions))


def test_stories_are_read_as_people_read_them() -> None:
    source = word()
    document = split("docx", source)
    texts = {part.locator: part.text for part in document.parts}
    assert texts[MAIN] == (
        "Discharge letter\nPatient: Quilty McGrath, born 03.04.1961\nHaemoglobin\t13.2 g/dl & falling"
    )
    assert texts["word/header1.xml"] == "McGrath, Quilty"
    assert texts["word/footer1.xml"] == "Hodgkin lymphoma"
    assert texts["word/comments.xml"] == "Ask McGrath"
    assert splice(document, ()) == source
    assert sniff(source, "x.bin") == "docx"


def test_what_is_replaced_is_gone_and_another_reader_finds_all_else_as_it_was() -> None:
    out = without(word())
    found = read(out)
    assert [line.text for line in found.paragraphs] == ["Discharge letter", "Patient: Jo & Abel, born 03.04.1961"]
    assert [run.bold for run in found.paragraphs[1].runs][:3] == [None, True, None]
    assert found.tables[0].cell(0, 1).text == "13.2 g/dl & falling"
    assert found.sections[0].header.paragraphs[0].text == "Jo & Abel"
    assert found.sections[0].footer.paragraphs[0].text == "Hodgkin lymphoma"
    assert [comment.text for comment in found.comments] == ["Jo & Abel"]
    assert not any(b"McGrath" in content or b"Quil" in content for content in unzipped(out).values())


def test_bytes_of_members_change_only_where_something_was_decided() -> None:
    source = word()
    before, after = unzipped(source), unzipped(without(source))
    assert after["word/styles.xml"] == before["word/styles.xml"]
    assert after["word/footer1.xml"] == before["word/footer1.xml"]
    expected = before[MAIN].replace(b">Patient: Quil<", b">Patient: Jo &amp; Abel<").replace(b">ty Mc<", b"><")
    assert after[MAIN] == expected.replace(b">Grath, born", b">, born")


def test_what_nobody_sees_goes() -> None:
    def hide(made: Any) -> None:
        body = made.element.body
        body.insert(
            0,
            parse_xml(
                f"<w:p {nsdecls('w')}><w:ins w:id='7' w:author='McGrath' w:date='2024-01-01T00:00:00Z'><w:r><w:t>new</w:t>"
                "</w:r></w:ins><w:sdt><w:sdtPr><w:alias w:val='McGrath'/><w:dataBinding w:xpath='/McGrath'"
                " w:storeItemID='{1}'/></w:sdtPr><w:sdtContent><w:r><w:t>kept</w:t></w:r></w:sdtContent></w:sdt></w:p>"
            ),
        )

    def add(members: dict[str, bytes]) -> None:
        members["customXml/item1.xml"] = b"<a>McGrath</a>"
        members["word/vbaProject.bin"] = b"McGrath"
        members["docProps/thumbnail.jpeg"] = b"McGrath"

    out = without(rezipped(word(hide), add))
    members = unzipped(out)
    assert not any(b"McGrath" in content for content in members.values())
    assert not any(name.startswith(("docProps", "customXml")) or "vba" in name for name in members)
    assert read(out).paragraphs  # nothing points to what is not there
    assert b">new<" in members[MAIN]
    assert b">kept<" in members[MAIN]
    pointers = members["word/_rels/document.xml.rels"] + members["_rels/.rels"]
    assert b"docProps" not in pointers
    assert b"settings" not in pointers


def test_deleted_text_and_codes_of_fields_are_read_too() -> None:
    def revise(made: Any) -> None:
        made.element.body.insert(
            0,
            parse_xml(
                f"<w:p {nsdecls('w')}><w:del w:id='8' w:author='x'><w:r><w:delText>Ask McGrath</w:delText></w:r></w:del>"
                '<w:r><w:instrText>HYPERLINK "mailto:Quilty McGrath"</w:instrText></w:r></w:p>'
            ),
        )

    assert not any(b"McGrath" in content for content in unzipped(without(word(revise))).values())


def test_addresses_of_links_are_read() -> None:
    def link(made: Any) -> None:
        made.part.relate_to("https://example.org/Quilty McGrath", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)

    out = without(word(link))
    assert b"https://example.org/Jo &amp; Abel" in unzipped(out)["word/_rels/document.xml.rels"]


def test_pictures_are_things_that_can_be_taken_out_and_never_keep_their_names() -> None:
    source = word(with_picture)
    document = split("docx", source)
    (picture,) = [leaf for leaf in document.leaves if leaf.type == "picture"]
    kept = without(source)
    assert unzipped(kept)[picture.path] == unzipped(source)[picture.path]
    assert not any(b"McGrath" in content for content in unzipped(kept).values())
    out = splice(document, [Edit(picture.path, None, None), Edit("unseen", None, None)])
    left = Image.open(io.BytesIO(unzipped(out)[picture.path])).convert("RGB")
    assert set(left.getdata()) == {(255, 255, 255)}
    assert len(read(out).inline_shapes) == 1


def test_what_is_embedded_goes_with_its_frame() -> None:
    def embed(made: Any) -> None:
        made.add_paragraph("before")
        made.element.body.insert(
            0,
            parse_xml(
                f"<w:p {nsdecls('w', 'r')} xmlns:o='urn:schemas-microsoft-com:office:office'><w:r><w:object>"
                "<o:OLEObject ProgID='Excel' r:id='rId99'/></w:object></w:r><w:r><w:t>beside</w:t></w:r></w:p>"
            ),
        )

    def add(members: dict[str, bytes]) -> None:
        members["word/embeddings/oleObject1.bin"] = b"McGrath"
        pointer = b'<Relationship Id="rId99" Type="x" Target="embeddings/oleObject1.bin"/></Relationships>'
        rels = "word/_rels/document.xml.rels"
        members[rels] = members[rels].replace(b"</Relationships>", pointer)

    members = unzipped(without(rezipped(word(embed), add)))
    assert b"OLEObject" not in members[MAIN]
    assert b"beside" in members[MAIN]
    assert not any(b"McGrath" in content for content in members.values())


def bomb() -> bytes:
    stream = io.BytesIO(word())
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/image9.png", bytes(65 << 20))
    return stream.getvalue()


def twice() -> bytes:
    stream = io.BytesIO(word())
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(MAIN, b"<other/>")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (lambda: word()[:2000], "docx-unreadable"),
        (lambda: rezipped(word(), lambda members: members.pop(MAIN)), "docx-not-word"),
        (lambda: b"\xd0\xcf\x11\xe0" + bytes(512) + "EncryptedPackage".encode("utf-16-le"), "docx-encrypted"),
        (bomb, "docx-too-large"),
        (twice, "docx-unreadable"),
        (
            lambda: rezipped(
                word(), lambda members: members.update({MAIN: b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'})
            ),
            "xml-entity-declaration",
        ),
    ],
    ids=["cut", "other", "password", "bomb", "twice", "entities"],
)
def test_what_cannot_be_read_is_refused_with_its_reason(source: Any, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        split("docx", source())
    assert caught.value.code == reason


def test_the_same_document_is_written_the_same_way() -> None:
    source = word()
    assert without(source) == without(source)


def test_text_in_attributes_is_read_and_dates_of_forms_go() -> None:
    def fill(made: Any) -> None:
        made.element.body.insert(
            0,
            parse_xml(
                f"<w:p {nsdecls('w')} xmlns:v='urn:schemas-microsoft-com:vml'><w:fldSimple w:instr='AUTHOR Quilty McGrath'/>"
                "<w:bookmarkStart w:id='3' w:name='Ask McGrath'/><w:bookmarkEnd w:id='3'/><w:sdt><w:sdtPr>"
                "<w:date w:fullDate='1961-04-03T00:00:00Z'/><w:dropDownList><w:listItem w:displayText='McGrath, Quilty'"
                " w:value='Quilty McGrath'/></w:dropDownList></w:sdtPr><w:sdtContent><w:r><w:t>x</w:t></w:r></w:sdtContent>"
                "</w:sdt><w:r><w:pict><v:shape><v:textpath string='Quilty McGrath'/></v:shape></w:pict></w:r></w:p>"
            ),
        )

    members = unzipped(without(word(fill)))
    assert not any(b"McGrath" in content for content in members.values())
    assert b"1961-04-03" not in members[MAIN]
    assert members[MAIN].count(b"Jo &amp; Abel") == 6


def test_descriptions_of_tables_last_values_and_data_of_fields_go() -> None:
    def fill(made: Any) -> None:
        properties = made.tables[0]._tbl.tblPr
        for name in ("tblCaption", "tblDescription"):
            properties.append(parse_xml(f"<w:{name} {nsdecls('w')} w:val='McGrath'/>"))
        made.element.body.insert(
            0,
            parse_xml(
                f"<w:p {nsdecls('w')}><w:sdt><w:sdtPr><w:comboBox w:lastValue='McGrath'/></w:sdtPr><w:sdtContent><w:r>"
                "<w:t>x</w:t></w:r></w:sdtContent></w:sdt><w:r><w:fldChar w:fldCharType='begin'>"
                "<w:fldData>TWNHcmF0aA==</w:fldData></w:fldChar></w:r></w:p>"
            ),
        )

    out = without(word(fill))
    assert not any(b"McGrath" in content or b"TWNHcmF0aA" in content for content in unzipped(out).values())
    assert b">x<" in unzipped(out)[MAIN]
    assert read(out).paragraphs[1].text == "Discharge letter"


def test_labels_of_lists_and_names_of_styles_are_read_and_ids_made_of_them_go() -> None:
    def style(made: Any) -> None:
        made.styles.add_style("Quilty McGrath", WD_STYLE_TYPE.PARAGRAPH)
        made.add_paragraph("styled", "Quilty McGrath")

    def label(members: dict[str, bytes]) -> None:
        name = "word/numbering.xml"
        members[name] = members[name].replace(b'w:lvlText w:val="%1."', b'w:lvlText w:val="Ask McGrath %1."', 1)

    source = rezipped(word(style), label)
    assert any("QuiltyMcGrath" in content.decode("latin-1") for content in unzipped(source).values())
    texts = [part.text for part in split("docx", source).parts if part.locator.startswith(("word/num", "word/sty"))]
    assert sorted(texts) == ["Ask McGrath %1.", "Quilty McGrath"]
    out = without(source)
    assert not any(b"McGrath" in content for content in unzipped(out).values())
    assert read(out).paragraphs[-1].style.name == "Jo & Abel"
    assert b'w:lvlText w:val="Jo &amp; Abel %1."' in unzipped(out)["word/numbering.xml"]


def test_pointers_go_with_what_pointed_and_links_lead_to_no_file() -> None:
    paths = (
        "file:///C:/Users/mcgrath/a.docx",
        "C:\\Users\\mcgrath\\a.docx",
        "\\\\mcgrath\\a.docx",
        "../mcgrath/a.docx",
    )

    def link(made: Any) -> None:
        line = made.add_paragraph()
        for path in paths:
            pointer = made.part.relate_to(path, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
            line._p.append(
                parse_xml(f"<w:hyperlink {nsdecls('w', 'r')} r:id='{pointer}'><w:r><w:t>y</w:t></w:r></w:hyperlink>")
            )
        made.part.relate_to("https://example.org/x", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)

    def attach(members: dict[str, bytes]) -> None:
        members["word/_rels/settings.xml.rels"] = (
            b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"'
            b' Type="x/attachedTemplate" Target="https://example.org/mcgrath.dotx" TargetMode="External"/></Relationships>'
        )

    members = unzipped(without(rezipped(word(link), attach)))
    assert "word/_rels/settings.xml.rels" not in members
    assert not any(b"mcgrath" in content for content in members.values())
    rels = members["word/_rels/document.xml.rels"]
    assert rels.count(b'"about:blank"') == len(paths)
    assert b"https://example.org/x" in rels
    assert members[MAIN].count(b">y<") == len(paths)
