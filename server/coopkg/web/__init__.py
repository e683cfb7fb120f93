"""Routes for people and programs, one blueprint a room; each view parses, chooses, asks and answers."""
