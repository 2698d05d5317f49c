"""What people and rules say about datasets, and what follows from it: folds of the log and pure functions on them."""
