"""From what a sentence says of events to their times and strengths, for a performance."""

from foley.categories import Category
from foley.perform import Event, EventList
from foley.perform.one_shots import SOFTEST_DB
from foley.perform.settings import USUAL_WAY
from foley.prompts.reading import EventGroup, Prompt
from foley.prompts.tokens import PromptError

USUAL_S = {  # from event to event, where the sentence says nothing else
    Category.DogBark: 0.6,
    Category.Footstep: 0.55,
    Category.GunShot: 0.8,
    Category.Keyboard: 0.18,
    Category.SneezeCough: 0.9,
}
PACES = {"": 1.0, "slow": 1.8, "fast": 0.55}
LEAD_S, REST_S = 0.1, 1.9  # before the first event, and after the last
FILLED_S = 4.0  # how long events go on that nobody counted
SOFTEST = 0.05


def has_events(prompt: Prompt) -> bool:
    """Whether a sentence asks for single events, of a class that has some."""
    return bool(prompt.groups) and prompt.category is not None and prompt.category not in USUAL_WAY


def schedule(prompt: Prompt, hears_knobs: bool = False) -> EventList:
    """The events that a sentence asks for. Their strengths follow from the levels, the loudest being 1; for a model
    that hears knobs, events have those that the sentence says of them alone.

    Raises PromptError when there are none, and EventError for what is too long or too many.
    """
    if prompt.category is None or not has_events(prompt):
        raise PromptError("The sentence asks for no single events.")
    usual, start = USUAL_S[prompt.category], LEAD_S
    level, placed = 0.0, []
    for number, group in enumerate(prompt.groups):
        level += group.level
        gap = group.every or usual * PACES[group.pace]
        if number:
            start += gap if group.after is None else group.after
        elif group.after is not None:
            start = group.after
        times = _times(group, start, gap, prompt.duration_s)
        for place, time in enumerate(times):
            knobs = tuple(sorted(group.knobs.items())) if hears_knobs else ()
            placed.append((time, level + group.ramp * place / max(1, len(times) - 1), knobs))
        level += group.ramp
        start = max(times)
    loudest = max(level for _, level, _ in placed)
    end = max(time for time, _, _ in placed)
    duration = prompt.duration_s or end + REST_S
    events = tuple(
        Event(time, max(SOFTEST, 1 - (level - loudest) / SOFTEST_DB), knobs=knobs)
        for time, level, knobs in placed
        if time < duration
    )
    return EventList(events, duration)


def _times(group: EventGroup, start: float, gap: float, duration_s: float | None) -> list[float]:
    """Seconds at which the events of a group begin."""
    if group.at:
        return list(group.at)
    count = group.count or max(1, int(((duration_s or FILLED_S) - start) / gap))
    times = [start]
    for number in range(min(count, 10_000) - 1):
        times.append(times[-1] + gap * group.tempo ** (number / max(1, count - 2)))
    return times
