"""The networks that turn sounds into embeddings."""
