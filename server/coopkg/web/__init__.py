"""Routes for people and programs, one blueprint a module; each view parses, chooses, asks and answers."""
