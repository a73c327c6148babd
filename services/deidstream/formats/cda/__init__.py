"""HL7 CDA R2 and C-CDA: header, narrative, entries and bodies that are no XML, every value typed by the schema.

Fragments (a section, an entry) are taken too: their root tells which class they are of.
"""

from deidstream.formats.cda.document import CdaDocument, split

__all__ = ["CdaDocument", "split"]
