"""Sound files, resampling, loudness, the limiter, loops, and the words inside sound files."""
