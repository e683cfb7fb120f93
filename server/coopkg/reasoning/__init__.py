"""Reasoning: the axioms that are loaded become rules, what follows from the facts is kept up to date and explained."""
