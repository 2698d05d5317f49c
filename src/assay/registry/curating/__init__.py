"""From raw files to a version: reading, deciding, writing, and what may be asked of that afterwards."""
