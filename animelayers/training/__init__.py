"""How models learn: what all trainings share here, those of the embedded nets in `lite`."""
