"""Rows of an answer as accessible drawings: pure functions from a table, which is each drawing's twin, to SVG.

Positions along the width are percentages and lengths of text are pixels, so that a drawing fits every screen without
becoming too small to read; no drawing has a style or script of its own.
"""
