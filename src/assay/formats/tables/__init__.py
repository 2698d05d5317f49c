"""A version as a table of Delta Lake, Lance or Iceberg: a later version is a later version of the same table.

Each module has `standing(folder, name)`, what the table's newest version says of itself (None where there is no table),
and `write(folder, name, reader, properties)`, which makes the next version of the table, or the first.
"""
