"""Evidence: claims, the source texts that they point into, and whether they do so rightly."""
