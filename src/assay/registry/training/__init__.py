"""Training: which runs learned from which version, what they were given, and what came of it."""
