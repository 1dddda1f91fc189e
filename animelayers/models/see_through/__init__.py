"""Body parts by the networks of See-through (arXiv 2602.03749), reading its public checkpoints."""
