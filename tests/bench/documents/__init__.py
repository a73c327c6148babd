"""Letters whose pages do not say what they show, through `deidstream clean`, read again by readers of other people."""
