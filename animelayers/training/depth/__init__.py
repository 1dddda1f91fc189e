"""Teaches how near parts are: Marigold's network one part at a time, then all parts of a picture together."""
