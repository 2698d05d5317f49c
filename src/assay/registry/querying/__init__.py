"""SQL and expressions over what a registry holds."""
