"""One command a file, imported when it is asked for; each file's `command` is found by `assay.cli.main`."""
