"""Takes as the files a sound editor wants: format, rate, length, level, loop and name; each with its recipe inside."""

import math
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchaudio.functional
from torch import Tensor

from foley.audio.files import PCM_16, peak_dbfs, sound_bytes
from foley.audio.loops import seamless_loop
from foley.audio.loudness import SILENCE, loudness_lufs, true_peak_dbtp
from foley.audio.single_events import single_events
from foley.sampling.noise import triangular_noise
from foley.system.files import cut_to_bytes, write_new
from foley.takes.edits import last_edit, source_of
from foley.takes.take import Take

FORMATS = {
    "WAV 16-bit": (".wav", "PCM_16"),
    "WAV 24-bit": (".wav", "PCM_24"),
    "WAV 32-bit float": (".wav", "FLOAT"),
    "FLAC 16-bit": (".flac", "PCM_16"),
    "FLAC 24-bit": (".flac", "PCM_24"),
}
RATES = (22_050, 24_000, 44_100, 48_000)
NORMALISE = ("off", "peak", "loudness")
TEMPLATE = "{ucs}_{title} {seed} {edit} {source}_FOLEY_{model}"
FIELDS = ("ucs", "title", "class", "seed", "edit", "source", "temperature", "model", "number", "name")
MOST_TEMPLATE = 500
LONGEST_STEM_BYTES = 200  # of 255 that a name may have: with room for a number and the ending
DEVICES = r"CON|PRN|AUX|NUL|(COM|LPT)[0-9¹²³]"  # no file can be called so on Windows, whatever its ending
LEVELS = {"off": 0.0, "peak": -1.0, "loudness": -16.0}  # unless asked otherwise, in dBFS or LUFS
CEILING = 0.9999  # of what is written in whole numbers: what a filter lifted above it is turned down as a whole
TRUE_PEAK_DBTP = -1.0  # of what is brought to a loudness: the most that EBU R 128 allows
WHY_BELOW = f"its peaks would pass {TRUE_PEAK_DBTP:g} dBTP or full scale"
TRIM_DBFS = -60.0
HEARD_DB, PLAIN_DB = 3.0, 8.0  # of a seam's change over the sound's own
TRIM_MARGIN_S = 0.01
# Kaiser's window, wide: flat to 0.95 of the band, images below -100 dB
RESAMPLING: dict[str, Any] = {
    "lowpass_filter_width": 96,
    "rolloff": 0.965,
    "resampling_method": "sinc_interp_kaiser",
    "beta": 14.77,
}


@dataclass(frozen=True)
class ExportSettings:
    """How a take becomes a file. `level` is dBFS for `normalise` "peak" and LUFS for "loudness", -1 and -16 when not
    given; fades in seconds. It is reached by the file: all else is done before. With `one_event` the strongest single
    event is cut out.

    `template` may use the fields in braces that `FIELDS` names. Raises ValueError for what cannot be.
    """

    format: str = "WAV 24-bit"
    sample_rate: int = 24_000
    trim: bool = False
    fade_in_s: float = 0.0
    fade_out_s: float = 0.0
    normalise: str = "off"
    level: float | None = None
    loop: bool = False
    template: str = TEMPLATE
    one_event: bool = False

    def __post_init__(self):
        if self.level is None and isinstance(self.normalise, str):
            object.__setattr__(self, "level", LEVELS.get(self.normalise, 0.0))
        kinds = {"trim": bool, "loop": bool, "one_event": bool, "fade_in_s": Real, "fade_out_s": Real, "level": Real}
        for name, kind in {**kinds, "template": str}.items():
            if not isinstance(value := getattr(self, name), kind) or (kind is Real and isinstance(value, bool)):
                raise ValueError(f"The export setting {name} cannot be {repr(value)[:40]}.")
        for name, value, choices in (
            ("format", self.format, tuple(FORMATS)),
            ("sample rate", self.sample_rate, RATES),
            ("normalisation", self.normalise, NORMALISE),
        ):
            if not isinstance(value, str | int) or value not in choices:
                raise ValueError(f"The {name} is {repr(value)[:40]}: choose one of {', '.join(map(str, choices))}.")
        if not (0 <= self.fade_in_s <= 30 and 0 <= self.fade_out_s <= 30):
            raise ValueError("A fade must last from 0 to 30 seconds.")
        if not -70 <= self.target <= 0:
            raise ValueError(f"The level to normalise to is {self.level}, but must lie from -70 to 0.")
        if self.loop and self.one_event:
            raise ValueError("A single event cannot be a seamless loop: choose one of them.")
        if len(self.template) > MOST_TEMPLATE:
            raise ValueError(f"The name's template has {len(self.template)} characters: {MOST_TEMPLATE} are the most.")
        unknown = set(re.findall(r"\{(.*?)\}", self.template)) - set(FIELDS)
        if unknown:
            raise ValueError(f"The name's template has {{{sorted(unknown)[0]}}}, but knows only {', '.join(FIELDS)}.")

    @property
    def target(self) -> float:
        """The level wanted, in dBFS or LUFS."""
        return LEVELS[self.normalise] if self.level is None else self.level

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ExportSettings":
        """The settings of a recipe. Raises ValueError when they are none."""
        try:
            return cls(**values)
        except TypeError:
            raise ValueError("The recipe's export settings cannot be read: it was changed.") from None


@dataclass(frozen=True)
class Rendered:
    """`waveform` (samples,) at `sample_rate` Hz as it will be written, and the seam of its loop where it is one.

    `missing_db` is how far below the level that was asked for it stays, because its peaks would be too high there.
    """

    waveform: Tensor
    sample_rate: int
    seam_db: float | None = None
    missing_db: float = 0.0

    @property
    def is_short(self) -> bool:
        """Whether it stays below the level that was asked for."""
        return self.missing_db > 0.05

    @property
    def words(self) -> str:
        """What is to be said of it beside its name, or nothing."""
        seam = [] if self.seam_db is None else [_seam_words(self.seam_db)]
        level = [f"{self.missing_db:.1f} dB below the level asked for: {WHY_BELOW}"] * self.is_short
        return ", ".join(seam + level).replace("-", "−")


def _seam_words(seam_db: float) -> str:
    """How much a loop's seam is heard, for people: 0 dB is the largest change that the sound makes anyway."""
    if seam_db <= HEARD_DB:
        return "seam not to be heard"
    return "seam hardly to be heard" if seam_db <= PLAIN_DB else "seam to be heard: continue the take first, or fade it"


def render(take: Take, settings: ExportSettings) -> Rendered:
    """A take's sound under the settings. Raises ValueError when it is too short or too quiet for them."""
    waveform, seam = take.waveform, None
    if settings.one_event:
        waveform = strongest_event(waveform, take.sample_rate)
    if settings.trim:
        waveform = trimmed(waveform, take.sample_rate)
    if settings.loop:
        waveform, seam = seamless_loop(waveform, take.sample_rate)
    waveform = resampled(waveform, take.sample_rate, settings.sample_rate, circular=settings.loop)
    waveform = faded(waveform, settings)
    gain = 1.0 if settings.normalise == "off" else 10 ** (_gain_db(waveform, settings) / 20)
    fits = min(1.0, _most_gain(waveform, settings) / gain)
    waveform = waveform * (gain * fits)
    missing = -20 * math.log10(fits) if settings.normalise != "off" else 0.0
    if FORMATS[settings.format][1] == "PCM_16":
        noise = torch.from_numpy(triangular_noise(take.recipe.noise_seed, len(waveform)))
        waveform = (waveform * PCM_16 + noise).round().clamp(-PCM_16, PCM_16) / PCM_16
    return Rendered(waveform, settings.sample_rate, seam, missing)


def export(
    take: Take,
    folder: str | Path,
    settings: ExportSettings,
    number: int = 1,
    name: str = "",
    rendered: Rendered | None = None,
    made: datetime | None = None,
) -> Path:
    """Write a take under the settings into a folder; a name that is there already gets a number. Returns the path.

    Args:
        take: what is written.
        folder: where to; made where it is not there.
        settings: how.
        number: the take's place among those exported, for the template.
        name: the name it was given, for the template and the recipe.
        rendered: what `render` made of it under the same settings, where that is known already.
        made: the time that the file tells; now when not given.
    """
    ending, subtype = FORMATS[settings.format]
    rendered = rendered or render(take, settings)
    stem = file_stem(take, settings.template, number, name)
    recipe = take.recipe.with_export(asdict(settings), name)
    tags = recipe.tags(settings.loop, made or datetime.now())
    data = sound_bytes(rendered.waveform, rendered.sample_rate, ending, subtype, tags)
    return write_new(Path(folder) / f"{stem}{ending}", data, recipe.is_in)


def file_stem(take: Take, template: str, number: int = 1, name: str = "") -> str:
    """A file's name without its ending: the template with the take's fields, without what file systems forbid."""
    fields = {
        "ucs": take.category.ucs,
        "title": name or take.category.title,
        "class": take.category.name,
        "seed": str(take.seed),
        "edit": last_edit(take.recipe.edits),
        "source": Path(source_of(take.recipe.edits)).stem,
        "temperature": f"{take.recipe.temperature:.2f}",
        "model": take.recipe.model.split("@")[0],
        "number": f"{number:02d}",
        "name": name or take.category.title,
    }
    stem = re.sub(r"\{(\w+)\}", lambda match: fields[match[1]], template)
    stem = re.sub(r"\s+(?=[\s_]|$)", "", stem)  # what a field without words leaves
    stem = re.sub(r'[\x00-\x1f/\\:*?"<>|]+', "-", stem).strip(" .")
    stem = cut_to_bytes(stem, LONGEST_STEM_BYTES).strip(" .") or take.category.name
    return re.sub(rf"^({DEVICES})(?=\s*(\.|$))", r"\1_", stem, flags=re.IGNORECASE)


def trimmed(waveform: Tensor, sample_rate: int) -> Tensor:
    """A waveform (samples,) without the silence at its ends, below -60 dBFS; with 10 ms of it left on each side.

    Raises ValueError when nothing would be left.
    """
    loud = (waveform.abs() > 10 ** (TRIM_DBFS / 20)).nonzero()
    if not len(loud):
        raise ValueError("The take is quieter than -60 dBFS all through: nothing would be left of it when trimmed.")
    margin = round(TRIM_MARGIN_S * sample_rate)
    return waveform[max(0, int(loud[0]) - margin) : int(loud[-1]) + 1 + margin]


def strongest_event(waveform: Tensor, sample_rate: int) -> Tensor:
    """The strongest single event of a waveform (samples,), to where its tail ends or the next event begins.

    Raises ValueError where none stands out.
    """
    events = [event for event in single_events(waveform, sample_rate) if event.dies_away]
    if not events:
        raise ValueError("No single event stands out in this take: leave One event off, or choose another take.")
    return torch.from_numpy(max(events, key=lambda event: event.level_db).samples)


def resampled(waveform: Tensor, source_rate: int, sample_rate: int, circular: bool = False) -> Tensor:
    """A waveform (samples,) at another rate in Hz; a circular one's end is its beginning's past."""
    if source_rate == sample_rate:
        return waveform
    ratio = sample_rate / source_rate
    margin = source_rate // 10 if circular else 0  # whole samples at all rates
    around = torch.cat([waveform[-margin:], waveform, waveform[:margin]]) if circular else waveform
    around = torchaudio.functional.resample(around.double(), source_rate, sample_rate, **RESAMPLING).float()
    first = round(margin * ratio)
    return around[first : first + round(len(waveform) * ratio)]


def faded(waveform: Tensor, settings: ExportSettings) -> Tensor:
    """A waveform (samples,) with the settings' fades, raised cosines; a loop has none."""
    if settings.loop:
        return waveform
    waveform = waveform.clone()
    for seconds, backwards in ((settings.fade_in_s, False), (settings.fade_out_s, True)):
        samples = min(len(waveform), round(seconds * settings.sample_rate))
        ramp = torch.from_numpy(np.sin(0.5 * np.pi * np.arange(samples) / max(1, samples)) ** 2).float()
        if backwards:
            waveform[len(waveform) - samples :] *= ramp.flip(0)
        else:
            waveform[:samples] *= ramp
    return waveform


def _gain_db(waveform: Tensor, settings: ExportSettings) -> float:
    if settings.normalise == "off":
        return 0.0
    now = peak_dbfs(waveform) if settings.normalise == "peak" else loudness_lufs(waveform, settings.sample_rate)
    if now <= SILENCE:
        raise ValueError("The take is too quiet to be normalised.")
    return settings.target - now


def _most_gain(waveform: Tensor, settings: ExportSettings) -> float:
    """By how much the waveform may be turned up: not over full scale where it is written in whole numbers, and to a
    loudness only below the true peak that broadcasters allow.
    """
    whole = FORMATS[settings.format][1] != "FLOAT"
    most = CEILING / float(waveform.abs().max().clamp(min=1e-9)) if whole else math.inf
    if settings.normalise != "loudness":
        return most
    return min(most, 10 ** ((TRUE_PEAK_DBTP - true_peak_dbtp(waveform, settings.sample_rate)) / 20))
