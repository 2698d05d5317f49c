"""Policies, gates, approvals, releases, runs, and the papers about them."""
