"""Models are values: a table (`registry`), a protocol (`base`), one file per family."""
