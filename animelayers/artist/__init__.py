"""The synthetic artist: draws anime characters of which every layer is known.

    seed ──► dice ──► figure, palette, style ──► head, hair, clothes … ──► Drawing ──► render ──► data.Sample

A `Drawing` is vector shapes in head heights; only `render` knows pixels, and only `style` knows how a line or a
shade looks. So every drawing can be had at any size and in any style.
"""
