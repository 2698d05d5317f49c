"""Language models as accountable workers: calls that are paced, retried, paid for once, and stopped by a budget."""
