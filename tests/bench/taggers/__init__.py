"""The released taggers beside Presidio: speed, recall, precision, cold start, memory."""
