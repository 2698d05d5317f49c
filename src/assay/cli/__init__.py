"""The command line: options, one use case of the registry, one picture or one JSON document."""
