"""What several pages share: parts of a page as values, and what requests and responses have in common."""
