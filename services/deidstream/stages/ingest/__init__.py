"""Ingest: takes messages in, makes them durable, and only then says so.

In: HL7 v2 over MLLP, FHIR over HTTP, files in watched folders and buckets, topics of foreign producers. Out: cases to
``deidstream.identify.v1`` (and, if asked, ``deidstream.raw.v1``), in the order received from each source. It needs the key
purposes ``id`` and ``content`` (to seal).

Several processes of it may run: the ledger of what was accepted is one for all, and so is the key of a source.

Side effects: listens; moves files. It looks at MSH, at a resource's type and at a bundle's shape; it holds no identity.

Who is responsible for a message: what was answered AA, CA or 2xx, or moved to ``done``, is ours, and a copy that is sent
again is answered the same and released once. What was answered otherwise stays the sender's: a message that is rejected at the
door (no MSH, no control id, a version nobody knows) is not kept. What is wrong further inside is accepted, and quarantined by
the stage that finds out. Of a topic nobody is there to be answered: what would be rejected is quarantined here.
"""
