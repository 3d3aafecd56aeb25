"""What the machine gives: threads, and files that are there whole or not at all."""
