"""One page a file: what it shows, as values, and which template shows it."""
