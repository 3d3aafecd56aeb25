"""Foley: new sounds of seven classes, from a class, a temperature and a seed."""

from foley.system import threads  # noqa: F401

# isort: split
from foley.categories import Category
from foley.pipeline import Foley
from foley.takes.take import Reconstruction, Take

__all__ = ["Category", "Foley", "Reconstruction", "Take"]
__version__ = "0.3.0"
