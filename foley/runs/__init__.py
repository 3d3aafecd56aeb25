"""Training runs as they lie on disk."""
