"""Examples and rejected records page by page, by facets and by words."""
