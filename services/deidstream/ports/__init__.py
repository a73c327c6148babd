"""The interfaces to the outside world. Adapters implement them; stages and the loop know nothing else.

Errors are those of ``core.errors``: ``Unavailable`` when the other side does not answer, ``Misconfigured`` when it refuses us.
"""

from __future__ import annotations

from deidstream.ports.archive import CaseArchive, Ended, Kept, Run
from deidstream.ports.artifacts import Artifact, ArtifactStore
from deidstream.ports.bus import REBALANCED, Bus, BusFactory, Output, Record
from deidstream.ports.clock import Clock
from deidstream.ports.delivery import Committing, DeliveryLedger, Destination, Entry, Lane, Receipt
from deidstream.ports.detection import SubjectLayer, TextLayer
from deidstream.ports.hold import Held, HoldShelf, Shelved
from deidstream.ports.identity import Contradiction, IdentityStore, Search, Seen
from deidstream.ports.inference import Inference, Tensors
from deidstream.ports.intake import AcceptanceLedger, Claim, Doubt, Feed, Intake
from deidstream.ports.keys import KeyRing, KeyWrapping, Sealed
from deidstream.ports.locks import Locks
from deidstream.ports.pictures import Mark, Pictures, Reread, Samples, Sight, TextLine
from deidstream.ports.series import SeriesShelf

__all__ = [
    "REBALANCED",
    "AcceptanceLedger",
    "Artifact",
    "ArtifactStore",
    "Bus",
    "BusFactory",
    "CaseArchive",
    "Claim",
    "Clock",
    "Committing",
    "Contradiction",
    "DeliveryLedger",
    "Destination",
    "Doubt",
    "Ended",
    "Entry",
    "Feed",
    "Held",
    "HoldShelf",
    "IdentityStore",
    "Inference",
    "Intake",
    "Kept",
    "KeyRing",
    "KeyWrapping",
    "Lane",
    "Locks",
    "Mark",
    "Output",
    "Pictures",
    "Receipt",
    "Record",
    "Reread",
    "Run",
    "Samples",
    "Sealed",
    "Search",
    "Seen",
    "SeriesShelf",
    "Shelved",
    "Sight",
    "SubjectLayer",
    "Tensors",
    "TextLayer",
    "TextLine",
]
