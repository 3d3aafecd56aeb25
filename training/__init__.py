"""Fits the stages of a foley model."""

import foley  # noqa: F401  before torch is loaded: see foley.system.threads
