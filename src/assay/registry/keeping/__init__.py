"""What keeps a registry whole: disabling, forgetting, compacting, repair."""
