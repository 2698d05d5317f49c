"""Datasets that language models and agents write."""
