"""Which format some bytes are."""

import pytest
from deidstream.core.errors import Malformed
from deidstream.formats import sniff, split


@pytest.mark.parametrize(
    ("source", "name", "format_", "why"),
    [
        (b"MSH|^~\\&|A\r", "", "hl7v2", "a message"),
        (b"\x0bMSH|^~\\&|A\r\x1c\r", "a.txt", "hl7v2", "content wins over the extension"),
        (b"\xef\xbb\xbfMSH#*", "", "hl7v2", "any delimiters, after a byte order mark"),
        (b"FHS|^~\\&|", "", "hl7v2", "a batch file"),
        (b'{"resourceType":"Patient"}', "", "fhir", "a resource"),
        (b'\n{"id":"1",\n"resourceType":"Patient"}\n{"resourceType"', "x.ndjson", "fhir", "NDJSON"),
        (b'{"a":1}', "", "", "JSON of another kind is not understood"),
        (b'{"a":1}', "a.json", "fhir", "let FHIR say what is wrong"),
        (b"[John] said", "", "text", "a bracket is not JSON"),
        (b"<?xml version='1.0'?><!-- c --><ClinicalDocument xmlns='urn:hl7-org:v3'/>", "", "cda", "a document"),
        (b"<x:ClinicalDocument xmlns:x='urn:hl7-org:v3'>", "", "cda", "with a prefix"),
        ("<section/>".encode("utf-16"), "", "cda", "a fragment in UTF-16"),
        (b"<Patient xmlns='http://hl7.org/fhir'/>", "a.xml", "", "FHIR in XML is not understood"),
        (b"<invoice/>", "a.xml", "", "other XML is not understood"),
        (b"<!DOCTYPE html><html></html>", "", "html", "a page"),
        (b"{\\rtf1 x}", "a.doc", "rtf", "RTF under any name"),
        (b"Dear colleague", "a/b.v/letter", "text", "a text without extension"),
        ("größe".encode("latin-1"), "n.txt", "text", "a text in Latin-1"),
        (b"a,b\n1,2\n", "x.csv", "", "a table is not a text"),
        (b"%PDF-1.4", "a.txt", "pdf", "a PDF, whatever its name"),
        (b"\x1f\x8b\x08", "a.txt", "", "binary, whatever its name"),
        (b"ab\0cd", "a.txt", "", "binary"),
    ],
)
def test_the_format_is_told_by_content_then_by_name(source, name, format_, why):
    assert sniff(source, name) == format_, why


def test_an_unknown_format_is_malformed():
    with pytest.raises(Malformed, match="unsupported-format"):
        split("xlsx", b"x")
