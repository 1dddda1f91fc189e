"""Layered art to learn from: samples, how they lie on disk, and whether they are sound."""
