"""What the page keeps while it runs: models, visitors, generation, training processes."""
