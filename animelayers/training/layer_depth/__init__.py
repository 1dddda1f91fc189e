"""Illustrator's depth: in which layer every pixel lies, learnt from pictures whose layers are known."""
