"""Clean: files in, de-identified files out, no servers."""
