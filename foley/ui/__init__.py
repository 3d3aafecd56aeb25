"""The studio: one file a tab, put together in `studio.py`. No model code, only calls of the pipeline."""
