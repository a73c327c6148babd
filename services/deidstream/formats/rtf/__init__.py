"""Rich Text Format 1.9: its text, its headers, its document properties; its pictures as what is not understood."""

from deidstream.formats.rtf.document import RtfDocument, split

__all__ = ["RtfDocument", "split"]
