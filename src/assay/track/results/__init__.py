"""Readers of results that other tools write down."""
