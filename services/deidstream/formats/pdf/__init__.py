"""PDF: what its pages show, read and written anew. What no page shows is never carried over.

A released PDF is made of pictures of the pages, with what was decided burned in, and an invisible layer of the text that they
show now: under a box there is nothing, and metadata, attachments, scripts, forms, comments and earlier revisions have no place.
"""

from deidstream.formats.pdf.document import PdfDocument, Press, split

__all__ = ["PdfDocument", "Press", "split"]
