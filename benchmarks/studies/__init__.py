"""What the studies in small have in common: a folder that is gone on with, art, curves, and a page of results."""
