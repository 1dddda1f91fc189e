"""Takes an anime illustration apart into layers an artist can use; the stack flattens back to the input exactly."""

__version__ = "0.1.0"
