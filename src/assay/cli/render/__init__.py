"""Pictures: values of the registry in, rich renderables out. Nothing here reads or prints."""
