"""HL7 v2, versions 2.1 to 2.8: messages and batches, cut without losing a byte.

``split`` takes a message apart, ``core.document.splice`` puts edits in, ``messages`` cuts a file of many. Locators: see ``path``.
"""

from deidstream.core.document import splice as join
from deidstream.formats.hl7v2.batch import Member, messages
from deidstream.formats.hl7v2.document import Hl7Document
from deidstream.formats.hl7v2.splitting import split

__all__ = ["Hl7Document", "Member", "join", "messages", "split"]
