"""RDF as values: terms, documents, formats, lexical forms, canonical Turtle. All other rooms build on it."""
