"""Evidence: claims, the source texts that they point into, and the check of these places."""
