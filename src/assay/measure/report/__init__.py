"""The report: one HTML file that stands by itself. No script, no font, no picture from elsewhere."""

from assay.measure.report.page import Report, render

__all__ = ["Report", "render"]
