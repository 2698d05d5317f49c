"""Versions as files for others."""
