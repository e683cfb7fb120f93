"""Forms for new facts, generated from the shapes: what can be said of a class, what was filled in, and its triples."""
