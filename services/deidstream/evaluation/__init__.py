"""How good a detector of identifiers in text is: what it misses, what it spoils, and how sure that is.

Pure functions over :class:`Annotated` documents and :class:`Predicted` spans. ``counting`` compares the two within one document,
``figures`` says what the counts come to, ``bootstrap`` how far chance may have moved that, ``mistakes`` names each error.
"""
