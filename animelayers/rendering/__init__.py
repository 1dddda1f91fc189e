"""Line, flat, shadow, highlight: the weightless engine, the exact solve of every engine, and the probes."""
