"""Files that people and programs send: streamed to disk, resumable, bounded, and seen by who sent them alone."""
