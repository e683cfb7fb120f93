"""Validation against the shapes graph: a data graph goes in, a report with places and plain sentences comes out."""
