"""Every place that reads what may come from anybody, and how many of all inputs it gets."""

from feeding_models import baselines, configurations, packs, reports, runs, weights
from feeding_performances import event_lists, performances, videos
from feeding_takes import datasets, libraries, pages, recipes, recordings
from feeding_words import arguments, calls, listening_tests, messages, sentences
from kit import Entry

AREAS: dict[str, tuple[Entry, int]] = {  # with their share of the inputs, of 100
    "recordings": (recordings, 15),
    "recipes in files": (recipes, 14),
    "libraries and their indexes": (libraries, 8),
    "datasets and manifests": (datasets, 5),
    "packs of recordings": (packs, 3),
    "export settings": (pages, 3),
    "lists of events": (event_lists, 6),
    "performances in files": (performances, 6),
    "videos": (videos, 3),
    "configurations": (configurations, 7),
    "weights": (weights, 5),
    "files of the DCASE baseline": (baselines, 4),
    "folders of trainings": (runs, 3),
    "reports of evaluations": (reports, 2),
    "command line arguments": (arguments, 6),
    "sentences": (sentences, 4),
    "messages of a page": (messages, 3),
    "calls of programs": (calls, 2),
    "listening tests": (listening_tests, 1),
}
