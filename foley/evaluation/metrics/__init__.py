"""The metrics: each a function of sounds or of their embeddings."""
