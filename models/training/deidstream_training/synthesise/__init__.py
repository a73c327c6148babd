"""Documents that nobody has written: clinical text of many kinds and languages, with invented people at known places."""
