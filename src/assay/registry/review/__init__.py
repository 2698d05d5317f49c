"""Queues of examples for people, their verdicts, and the versions that follow."""
