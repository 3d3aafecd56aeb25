"""Settings that events of the page share."""

from typing import Any

# of an event that only the page calls: nothing is laid over its outputs, and programs are not shown it
PAGE_ONLY: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
