"""coopkg: a knowledge graph of international scientific and technical cooperation, served over SPARQL."""

__version__ = "0.1.0"
