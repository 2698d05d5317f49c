"""Figures about a set of examples, the verdicts drawn from them, and pictures of both. Reads rows, writes nothing."""
