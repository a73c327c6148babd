"""``deidstream doctor``: looks at a deployment as its processes would, changes nothing, and says what to do.

``checks`` lists what is looked at; ``keys``, ``servers``, ``models`` and ``machine`` look.
"""
