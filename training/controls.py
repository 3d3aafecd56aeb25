"""What every variation of every recording would be asked for: its knobs and its contour, as the prior hears them."""

from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, cpu_count, delayed

from foley.categories import Category
from foley.conditions.attributes import measure
from foley.conditions.contour import ANY, LEVEL_BINS, ONSET_BINS, level_bins, measure_contour, onset_bins
from foley.conditions.controls import Controls, knob_bins
from foley.conditions.knobs import KNOBS, USUAL_ROWS
from foley.conditions.scales import KnobScales
from foley.sampling.guidance import contour_odds, log_odds
from training.corpus import Corpus, to_float

SCALES = "knobs.json"  # in a model's folder: what its knobs mean
CLIPS_AT_ONCE = 16


class ControlledClips:
    """The controls of a corpus' clips. A knob is where the clip stands among the training recordings of its class."""

    def __init__(self, corpus: Corpus):
        self.bins = corpus.preset.prior.knob_bins
        self.columns = corpus.preset.grid[1]
        attributes, self.contours = measured(corpus)
        self.scales = _scales(corpus, attributes[0])
        self.categories, self.train = corpus.categories.numpy(), corpus.train.numpy()
        classes = [Category(int(category)) for category in corpus.categories]
        knobs = np.full(attributes.shape, np.nan)
        for clip, category in enumerate(classes):
            for place, name in enumerate(KNOBS):
                values = attributes[:, clip, place]
                knobs[:, clip, place] = [self.scales.knob(category, name, float(value)) for value in values]
        self.knobs = knob_bins(knobs, max(1, self.bins))  # (views, clips, 6)

    def usual(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Bins of training recordings, for what nobody asks for itself: int8, spread evenly over the recordings.

        Knobs (classes, rows, 6) and contours (classes, rows, 2, columns).
        """
        rows = torch.zeros(len(Category), USUAL_ROWS, len(KNOBS), dtype=torch.int8)
        contours = torch.zeros(len(Category), USUAL_ROWS, 2, self.columns, dtype=torch.int8)
        for category in Category:
            clips = self.train[self.categories[self.train] == int(category)]
            if len(clips):
                chosen = clips[np.linspace(0, len(clips), USUAL_ROWS, endpoint=False).astype(int)]
                rows[int(category)] = torch.from_numpy(self.knobs[0, chosen])
                contours[int(category)] = torch.from_numpy(self.contours[0, chosen])
        return rows, contours

    def odds(self, codes: np.ndarray, codebook_size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """What codes (views, clips, rows, frames) of recordings say for knobs, (classes, 6, rows, codebook size), and
        for the bins of a contour, (classes, bins, rows, codebook size).
        """
        of_knobs = torch.zeros(len(Category), len(KNOBS), codes.shape[2], codebook_size)
        of_contours = torch.zeros(len(Category), LEVEL_BINS + ONSET_BINS, codes.shape[2], codebook_size)
        for category in Category:
            clips = self.train[self.categories[self.train] == int(category)]
            if len(clips):
                theirs, knobs, contours = (
                    np.concatenate(part[:, clips]) for part in (codes, self.knobs, self.contours)
                )
                of_knobs[int(category)] = torch.from_numpy(log_odds(theirs, knobs, max(1, self.bins), codebook_size))
                of_contours[int(category)] = torch.from_numpy(contour_odds(theirs, contours, codebook_size))
        return of_knobs, of_contours

    def of(self, views: np.ndarray, clips: np.ndarray) -> Controls:
        """All controls of variations (batch,) of clips (batch,)."""
        contours = torch.from_numpy(self.contours[views, clips]).long()
        return Controls(torch.from_numpy(self.knobs[views, clips]).long(), contours[:, 0], contours[:, 1])

    def drawn(
        self,
        views: np.ndarray,
        clips: np.ndarray,
        randoms: list[np.random.Generator],
        heard: float,
        each: float,
    ) -> Controls:
        """A part of the controls, so that every combination is learned: of a share `heard` of the clips, `each` one."""
        controls = self.of(views, clips)
        for take, random in enumerate(randoms):
            has_knobs, has_contour = random.random(2) < heard
            controls.knobs[take, torch.from_numpy(random.random(len(KNOBS)) >= each * has_knobs)] = ANY
            has_level, has_onset = random.random(2) < each
            if not (has_contour and has_level):
                controls.level[take] = ANY
            if not (has_contour and has_onset):
                controls.onset[take] = ANY
        return controls

    def save(self, folder: Path) -> None:
        """Put the scales of the knobs beside a model's weights."""
        self.scales.save(folder / SCALES)


def measured(corpus: Corpus) -> tuple[np.ndarray, np.ndarray]:
    """Attributes (views, clips, 6) float32, and levels and onsets as bins (views, clips, 2, columns) int8."""
    waveforms, columns = corpus.waveforms(floor=False), corpus.preset.grid[1]
    rate, (views, clips, _) = corpus.preset.audio.sample_rate, waveforms.shape
    jobs = [(view, first) for view in range(views) for first in range(0, clips, CLIPS_AT_ONCE)]

    def fill(array: np.ndarray) -> None:
        rows = Parallel(n_jobs=min(cpu_count(), 16))(
            delayed(_measure)(np.array(waveforms[view, first : first + CLIPS_AT_ONCE]), rate, columns)
            for view, first in jobs
        )
        for (view, first), found in zip(jobs, rows, strict=True):
            array[view, first : first + CLIPS_AT_ONCE] = found  # the last of them are fewer, on both sides

    shape = (views, clips, len(KNOBS) + 2 * columns)
    found = corpus.run.cache.array("controls", [corpus.key, KNOBS, "1"], shape, "float32", fill)
    contours = found[..., len(KNOBS) :].reshape(views, clips, 2, columns).astype(np.int8)
    return found[..., : len(KNOBS)], contours


def _measure(pcm: np.ndarray, rate: int, columns: int) -> np.ndarray:
    """(clips, 6 + 2 * columns): attributes, bins of levels, bins of onsets."""
    torch.set_num_threads(1)
    rows = []
    for waveform in to_float(torch.from_numpy(pcm)):
        attributes, contour = measure(waveform, rate), measure_contour(waveform, rate, columns)
        bins = level_bins(contour.level_db), onset_bins(contour.onset)
        rows.append(np.concatenate([[attributes[name] for name in KNOBS], *bins]))
    return np.array(rows, np.float32)


def _scales(corpus: Corpus, attributes: np.ndarray) -> KnobScales:
    rows: dict[Category, list[dict[str, float]]] = {}
    for clip in corpus.train.tolist():
        category = Category(int(corpus.categories[clip]))
        rows.setdefault(category, []).append(dict(zip(KNOBS, map(float, attributes[clip]), strict=True)))
    return KnobScales.of(rows)
