"""Performing foley: events in time, from taps, files, recordings or pictures, and the sound that lands on them."""

from foley.perform.events import Event, EventError, EventList
from foley.perform.performance import perform
from foley.perform.settings import PerformanceSettings

__all__ = ["Event", "EventError", "EventList", "PerformanceSettings", "perform"]
