"""What pixels show: burned-in text, bar codes, and faces where there may be any. Decoding and models run in a child process.

In: cases with pictures. Out: the same cases with findings about rectangles of frames, and the header attribute ``pixels``:
``examined``, or the code of why they could not be. Side effects: none. Sections needed: source, identity; adds: findings.
"""
