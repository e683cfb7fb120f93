"""SPARQL as text: its tokens, and what may reach the engine. Nothing here evaluates."""
