"""What DICOM speaks over the network, as bytes: upper layer PDUs (PS3.8) and DIMSE commands (PS3.7). Nothing here opens a socket.

pynetdicom has all of it, and is what the tests speak with; it is not used here because it holds whatever a peer sends, asks its
threads a thousand times a second whether something has come, and sends data sets that it has encoded itself.
"""
