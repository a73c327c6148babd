"""Train: a tagger that goes on learning from a site's own notes, and takes the place of the old one only if it is no worse."""
