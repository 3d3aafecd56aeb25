"""Takes: what they are, how they are edited, exported, kept, and made again from a recipe."""
