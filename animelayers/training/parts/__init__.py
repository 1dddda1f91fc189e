"""How the networks of parts are taught: one part at a time, then all of them together."""
