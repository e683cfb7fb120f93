"""One file an address or kind of page, each with its routes in a blueprint."""
