"""SERVICE, carried out: the one room with a network (SPARQL 1.1 Federated Query)."""
