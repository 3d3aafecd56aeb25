"""What the ratings say: means of systems with intervals, and which differences between systems are sure.

Intervals come from a bootstrap over raters and clips: each draw takes other raters, and in every class other clips of
every system. A draw of n out of n gives too narrow intervals where n is small, as it is here; so n - 1 are drawn, which
makes the variance right (Rao and Wu, 1988), and its root is multiplied by Student's t for the number of raters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import t as student

from foley.evaluation.metrics.bootstrap import CONFIDENCE, Interval
from foley.listening.plan import HIGHEST, LOWEST, SCALES, WEIGHTS, ListeningTest
from foley.listening.raters import RaterCheck, check_raters
from foley.listening.ratings import Answer

SCORE, ALL = "score", "all"  # the weighted mean of the scales, and the mean over classes
DRAWS = 2_000


@dataclass(frozen=True)
class Row:
    """The mean of one system on one scale, or of its weighted score, in one class or over all."""

    system: str
    category: str
    scale: str
    interval: Interval
    ratings: int


@dataclass(frozen=True)
class Difference:
    """By how much the score of a system lies above that of another. What raters share, as mildness, cancels out."""

    system: str
    other: str
    interval: Interval

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.interval.low > 0 or self.interval.high < 0


@dataclass(frozen=True)
class Results:
    """Rows and differences of the systems, best score first, and what the raters' own answers say about them."""

    systems: tuple[str, ...]
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    raters: tuple[RaterCheck, ...]

    def row(self, system: str, scale: str, category: str = ALL) -> Row:
        """One row. Raises KeyError when nothing was rated that it could come from."""
        wanted = (system, scale, category)
        found = next((row for row in self.rows if (row.system, row.scale, row.category) == wanted), None)
        if found is None:
            raise KeyError(wanted)
        return found


def results(
    test: ListeningTest, answers: Sequence[Answer], keep_careless: bool = False, draws: int = DRAWS, seed: int = 0
) -> Results:
    """The results of a test. Careless raters are left out, but for `keep_careless`; repeats never count in means.

    Raises ValueError when no rating is left.
    """
    checks = check_raters(answers)
    careless = set() if keep_careless else {check.code for check in checks if check.problem}
    used = [answer for answer in answers if answer.rater.code not in careless and not answer.trial.is_repeat]
    if not used:
        left_out = f" All {len(checks)} raters were found careless: --keep-careless counts them." if checks else ""
        raise ValueError(f"There are no ratings yet.{left_out}")
    codes = list(dict.fromkeys(answer.rater.code for answer in used))
    random = np.random.default_rng(seed)
    # the first draw is the ratings as they are
    rater_counts = np.vstack([np.ones(len(codes)), _drawn(np.zeros(len(codes), int), draws, random)])
    means, numbers = {}, {}
    for scale in SCALES:
        means[scale], numbers[scale] = _scale_means(test, used, scale, codes, rater_counts, random)
    rated = [scale for scale in SCALES if numbers[scale].any()]
    weighted = np.sum([WEIGHTS[scale] * means[scale] for scale in rated], axis=0)
    means[SCORE] = weighted / sum(WEIGHTS[scale] for scale in rated)
    numbers[SCORE] = np.sum([numbers[scale] for scale in rated], axis=0)
    freedom = max(1, len(codes) - 1)
    rows = [row for scale in (SCORE, *rated) for row in _rows(test, scale, means[scale], numbers[scale], freedom)]
    score = dict(zip(test.systems, _mean(means[SCORE]).T, strict=True))
    order = sorted((name for name in score if np.isfinite(score[name][0])), key=lambda name: -score[name][0])
    differences = (
        Difference(a, b, _interval(score[a] - score[b], freedom, bounded=False)) for a, b in combinations(order, 2)
    )
    return Results(tuple(order), tuple(rows), tuple(differences), tuple(checks))


def _rows(test: ListeningTest, scale: str, means: np.ndarray, numbers: np.ndarray, freedom: int) -> Iterator[Row]:
    """The rows of one scale, from means (draws, systems, classes) and numbers of ratings (systems, classes)."""
    over_classes = _mean(means)
    for place, system in enumerate(test.systems):
        columns = [(category.name, means[:, place, which]) for which, category in enumerate(test.categories)]
        counts = (*numbers[place], numbers[place].sum())
        for (name, drawn), number in zip([*columns, (ALL, over_classes[:, place])], counts, strict=True):
            if np.isfinite(drawn[0]):
                yield Row(system, name, scale, _interval(drawn, freedom), int(number))


def _scale_means(
    test: ListeningTest,
    answers: Sequence[Answer],
    scale: str,
    codes: list[str],
    rater_counts: np.ndarray,
    random: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Means (draws, systems, classes) of a scale, NaN where nothing was rated, and numbers of ratings (systems,
    classes), for `rater_counts` (draws, raters): how often each rater was drawn.
    """
    items = [item for item in test.items if scale in item.scales]
    column, line = {item.id: place for place, item in enumerate(items)}, {code: n for n, code in enumerate(codes)}
    scores, there = np.zeros((len(codes), len(items))), np.zeros((len(codes), len(items)))
    for answer in answers:
        if answer.trial.item.id in column:
            place = line[answer.rater.code], column[answer.trial.item.id]
            scores[place], there[place] = answer.rating.scores[scale], 1.0
    shape = len(test.systems), len(test.categories)
    groups = np.array(
        [test.systems.index(item.system) * shape[1] + test.categories.index(item.category) for item in items], int
    )
    clips = np.vstack([np.ones(len(items)), _drawn(groups, len(rater_counts) - 1, random)])
    member = np.eye(shape[0] * shape[1])[groups]  # (items, systems × classes)
    total, weight = ((rater_counts @ part * clips) @ member for part in (scores, there))
    with np.errstate(invalid="ignore"):
        means = np.where(weight > 0, total / weight, np.nan)
    return means.reshape(-1, *shape), (there.sum(axis=0) @ member).reshape(shape)


def _drawn(groups: np.ndarray, draws: int, random: np.random.Generator) -> np.ndarray:
    """How often each thing was drawn (draws, things): of every group of n, n - 1 with repeats; a lone one always."""
    counts = np.ones((draws, len(groups)))
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        if (size := len(members)) > 1:
            counts[:, members] = random.multinomial(size - 1, np.full(size, 1 / size), size=draws)
    return counts


def _mean(means: np.ndarray) -> np.ndarray:
    """The mean over classes (draws, systems) of means (draws, systems, classes): of what is there, NaN without any."""
    there = np.isfinite(means)
    with np.errstate(invalid="ignore"):
        return np.where(there, means, 0).sum(axis=2) / there.sum(axis=2)


def _interval(drawn: np.ndarray, freedom: int, bounded: bool = True) -> Interval:
    """The first value, and the interval that the spread of the others gives."""
    others = drawn[1:][np.isfinite(drawn[1:])]
    reach = float(student.ppf((1 + CONFIDENCE) / 2, freedom) * np.std(others)) if len(others) > 1 else np.nan
    low, high = drawn[0] - reach, drawn[0] + reach
    if bounded:
        low, high = max(low, LOWEST), min(high, HIGHEST)
    return Interval(float(drawn[0]), float(low), float(high))
