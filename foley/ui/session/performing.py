"""What the Perform tab asks for: performances of the page's events, and what is in files that are opened there."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue

from foley.audio.files import read_audio
from foley.perform.event_files import EXTENSIONS as EVENT_FILES
from foley.perform.event_files import read_events
from foley.perform.events import LONGEST_S, EventError, EventList
from foley.perform.onsets import events_of
from foley.perform.output import reopen
from foley.perform.performance import OneShotPool, Performance, stream_performance
from foley.perform.picture import events_in_motion
from foley.perform.settings import ONE_SHOTS, PerformanceSettings
from foley.perform.video import Motion, VideoError, production_sound, read_motion, video_info
from foley.pipeline import Foley
from foley.sampling.noise import part_seed

MOST_POOLS = 8
WARM_TAKES = 4  # drawn at the first tap: enough for a dozen events
VIDEO_FILES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")
FROM_PICTURE, FROM_SOUND, NO_EVENTS = "its picture", "its own sound", "my taps"


@dataclass
class PerformState:
    """The state of a visitor's Perform tab: the file that is open, the versions that can be taken home, and the
    settings of a performance that was opened. `source` names what was opened last: it is another one each time.

    One for each visit, changed in place: a performance that ends late finds out what was opened meanwhile.
    """

    source: str = ""
    path: Path | None = None
    done: list[Performance] = field(default_factory=list)
    settings: PerformanceSettings | None = None

    @property
    def video(self) -> Path | None:
        """The video that is open."""
        return self.path if self.path and self.path.suffix.lower() in VIDEO_FILES else None


class Pools:
    """The one-shots that were cut last, by model and settings: who performs again does not wait again."""

    def __init__(self) -> None:
        self._pools: OrderedDict[tuple[str, PerformanceSettings], OneShotPool] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, foley: Foley, settings: PerformanceSettings) -> OneShotPool:
        """The pool for a model and settings, an empty one where there is none yet."""
        key = (foley.name, replace(settings, way=ONE_SHOTS))
        with self._lock:
            pool = self._pools.pop(key, None)
            if pool is None or pool.foley is not foley:
                pool = OneShotPool(foley, settings)
            self._pools[key] = pool
            while len(self._pools) > MOST_POOLS:
                self._pools.popitem(last=False)
            return pool


@dataclass(frozen=True)
class PerformRequest:
    """`count` performances of the same events, with the seeds that follow from the settings' own."""

    events: EventList
    settings: PerformanceSettings
    count: int
    pools: Pools

    def __call__(self, foley: Foley) -> Iterator[float | Performance]:
        """Perform them, step by step. Raises ValueError for what cannot be performed."""
        for number in range(self.count):
            settings = replace(self.settings, seed=part_seed(self.settings.seed, number))
            yield from stream_performance(foley, self.events, settings, lambda wanted: self.pools.of(foley, wanted))


def warm(foley: Foley, pools: Pools, settings: PerformanceSettings) -> None:
    """Draw the takes that the first version of a few events needs."""
    for _ in pools.of(foley, replace(settings, seed=part_seed(settings.seed, 0))).fill(WARM_TAKES):
        pass


@dataclass(frozen=True)
class Opened:
    """What is in a file: events, words about them, a video's frames a second, a performance where it is one."""

    events: EventList
    words: str
    frame_rate: float = 25.0
    performance: Performance | None = None


def open_source(path: Path, how: str, sample_rate: int) -> Iterator[float | Opened]:
    """The share done while a file is looked at, then what is in it; `how` says where a video's events come from.

    Raises ValueError with one sentence.
    """
    ending = path.suffix.lower()
    if ending in EVENT_FILES:
        events = read_events(path)
        yield Opened(events, f"{events.count_words} of {path.name}")
    elif ending in VIDEO_FILES:
        yield from _open_video(path, how, sample_rate)
    else:
        yield _open_sound(path, sample_rate)


def _open_video(path: Path, how: str, sample_rate: int) -> Iterator[float | Opened]:
    info = video_info(path)
    duration = min(LONGEST_S, info.duration_s)
    found, words = EventList((), duration), f"{path.name}: tap while it plays"
    if how == FROM_PICTURE:
        motion: list[Motion] = []
        yield from _shares(lambda report: motion.append(read_motion(path, report)))
        try:
            found = events_in_motion(motion[0], duration)
            words = f"{found.count_words} seen in the picture of {path.name}"
        except EventError as error:  # nothing moves: one can tap to it all the same
            words = str(error)
    elif how == FROM_SOUND:
        sound = production_sound(path, sample_rate)
        if sound is None:
            raise VideoError(f"{path.name} has no sound of its own: take its events from the picture, or tap.")
        heard = events_of(sound, sample_rate)
        found = EventList(tuple(e for e in heard.events if e.time_s < duration), duration, heard.curve)
        words = f"{found.count_words} heard in {path.name}"
    yield Opened(found, words, float(info.frame_rate))


def _open_sound(path: Path, sample_rate: int) -> Opened:
    try:
        performance = reopen(path)
    except EventError:
        events = events_of(read_audio(path, sample_rate, LONGEST_S), sample_rate)
        return Opened(events, f"{events.count_words} heard in {path.name}")
    settings, count = performance.settings, performance.events.count_words
    words = f"A performance of {settings.category.title}, seed {settings.seed}: {count}"
    return Opened(performance.events, words, performance=performance)


def _shares(work: Callable[[Callable[[float], None]], object]) -> Iterator[float]:
    """What a function reports to the callback it is given, while it works in a thread of its own."""
    said: SimpleQueue[float | BaseException | None] = SimpleQueue()

    def run() -> None:
        try:
            work(said.put)
            said.put(None)
        except BaseException as error:
            said.put(error)

    threading.Thread(target=run, daemon=True).start()
    while (share := said.get()) is not None:
        if isinstance(share, BaseException):
            raise share
        yield share
