"""From a question to an answer: the SPARQL endpoint, saved queries, descriptions, labels, search."""
