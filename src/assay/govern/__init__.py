"""Acts of governance and the papers about a version: pure functions over facts and operations."""
