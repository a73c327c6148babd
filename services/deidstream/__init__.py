"""deidstream: live clinical feeds go in identified and come out de-identified."""
