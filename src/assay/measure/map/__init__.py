"""The map of a version: examples as points in the plane, and the clusters they form. Pure functions of vectors."""
