"""What printed pages say and pixels show: text layers held against what is seen, scans, burned-in text, bar codes, and faces
where there may be any. Decoding and models run in a child process.

In: cases with pictures or printed documents. Out: the same cases with the pages of PDFs as they were read; of others with
findings about rectangles of frames, and the header attribute ``pixels``: ``examined``, or the code of why they could not be.
Side effects: none. Sections needed: source, identity; adds: pages, findings.
"""
