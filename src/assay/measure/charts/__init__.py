"""Charts as SVG inside HTML, made here: geometry in attributes, paint in classes, and a table twin for each.

Every function takes values and gives one `<figure>`; labels are escaped here, so content of strangers is safe.
"""
