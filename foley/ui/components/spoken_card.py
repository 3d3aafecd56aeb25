"""What came of a sentence, on its card: how a take was chosen, and performances, which are no takes."""

from html import escape
from pathlib import Path
from typing import Any

from foley.audio.files import peak_dbfs
from foley.audio.loudness import loudness_lufs
from foley.perform.output import save
from foley.perform.performance import Performance
from foley.presets import Preset
from foley.prompts.say import Spoken
from foley.ui.components.take_card import decibels, no_take
from foley.ui.session.visitors import served

KEPT = "Placed from single events: it is no take of the library. Its WAV can be opened on the Perform tab."


def chosen_value(spoken: Spoken, value: dict[str, Any]) -> dict[str, Any]:
    """What joins a card's value: among how many candidates its sound was chosen, and by what."""
    if spoken.best_of == 1:
        return {}
    chosen = f"best of {spoken.best_of}"
    edits = f"{value['edits']}; " if value["edits"] else ""
    return {
        "kind": f"{value['kind']}, {chosen}" if value["kind"] else chosen,
        "edits": edits + escape(spoken.words),
    }


def performance_value(performance: Performance, preset: Preset, folder: Path) -> dict[str, Any]:
    """The card of a performance, whose WAV is written into a folder."""
    path, settings = save(performance, folder)["wav"], performance.settings
    events = len(performance.events.events)
    loudness = loudness_lufs(performance.waveform, performance.sample_rate)
    return {
        **no_take(preset),
        "state": "ready performed",
        "title": escape(settings.category.title),
        "kind": f"{events} event{'s' * (events != 1)}" if events else settings.chosen_way,
        "edits": KEPT,
        "seed": str(settings.seed),
        "temperature": f"{settings.temperature:.2f}",
        "loudness": f"{loudness:.2f}",
        "lufs": f"{loudness:.1f} LUFS".replace("-", "−"),
        "peak": f"{peak_dbfs(performance.waveform):.2f}",
        "decibels": decibels(performance.waveform),
        "duration": f"{performance.duration_s:.2f} s",
        "name": escape(path.name),
        "audio": served(path),
    }
