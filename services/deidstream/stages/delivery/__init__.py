"""Delivery: sends releases to their destinations, one worker for each.

In: ``deidstream.releases.v1`` (releases and gaps), read by one bus group a destination (``delivery.<destination>``), so that
one that is slow or away delays no other. Out: whatever the destination is; audit records; refused releases, sealed, to
``deidstream.quarantine.v1``. It needs the key purposes ``release`` and ``audit``.

Side effects: the ledger (what each destination has got, how far its lanes are) and, for releases that wait for others, the hold.
A release that a destination confirmed is not sent again; one that was on its way when the process died may be, under the same id.
"""
