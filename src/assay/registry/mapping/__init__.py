"""Versions in the plane: learned, remembered, selected from, coloured."""
