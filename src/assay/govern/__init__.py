"""Governance: what is allowed, who may say so, and what follows from it. Folds of the log, and pure rules."""
