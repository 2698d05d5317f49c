"""Long work in processes of its own: a board of jobs in files, which outlives the server."""
