"""Lines of versions: names, branches, merges, what lies between two versions."""
