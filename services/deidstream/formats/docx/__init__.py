"""Word documents (Office Open XML, ECMA-376): the texts of their stories, byte for byte but for what was decided.

What no reader of the text sees (properties, custom data, embedded files, macros, thumbnails, earlier authors) goes whenever a
document is released.
"""

from deidstream.formats.docx.document import DocxDocument, split

__all__ = ["DocxDocument", "split"]
