"""Training runs as they lie on disk. Nothing here needs the training itself.

- `process`: the process that is or was at work on a run.
- `view`: the run's folder: its settings, its stages and their events.
"""
