"""The metrics of an evaluation. A new one is an entry here; reports, the page and comparisons read this list."""

from collections.abc import Callable, Iterable

import numpy as np

from foley.evaluation.chain import PARTS
from foley.evaluation.clip_set import SETS, ClassClips
from foley.evaluation.metrics.bootstrap import Measurement
from foley.evaluation.metrics.character import MODULATION, distribution_distance, modulation_distance
from foley.evaluation.metrics.diversity import find_copies, mean_pairwise_distance
from foley.evaluation.metrics.frechet import GaussianStatistics, extrapolated_frechet_distance, frechet_distance
from foley.evaluation.metrics.kernel import kernel_distance
from foley.evaluation.metrics.metric import CALIBRATION_SETS, Direction, Metric, Resample, Score

SILENT_CLASS_SHARE = 0.05  # of its recordings with a long silence: such a class may have it in takes, too
FEWEST_TO_EXTRAPOLATE = 8
INFINITE_POINTS = 6
FEWEST_DEFINED = 0.5  # of a set's clips: of rain, few recordings have an attack, so as a class it has none


def _fad(clips: ClassClips, name: str, resample: Resample) -> Measurement:
    reference = clips.reference_of(name)
    return resample(
        lambda some: frechet_distance(reference, GaussianStatistics.from_embeddings(some)), clips.sets[name].embeddings
    )


def _fad_inf(clips: ClassClips, name: str, resample: Resample) -> Measurement | None:
    if len(clips.sets[name]) < FEWEST_TO_EXTRAPOLATE:
        return None
    return resample(
        lambda some: extrapolated_frechet_distance(clips.reference, some, points=INFINITE_POINTS).value,
        clips.sets[name].embeddings,
    )


def _calibration(clips: ClassClips, name: str, resample: Resample) -> Measurement | None:
    return clips.calibration.get(name)


def _kad(clips: ClassClips, name: str, resample: Resample) -> Measurement | None:
    if "real" not in clips.sets:
        return None
    real = clips.sets["real"].embeddings
    return resample(lambda some: kernel_distance(some, real), clips.sets[name].embeddings)


def _probe_accuracy(clips: ClassClips, name: str, resample: Resample) -> Measurement | None:
    if clips.probe is None:
        return None
    predicted = clips.probe.predict(clips.sets[name].embeddings)
    return resample(np.mean, np.array([guess is clips.category for guess in predicted], dtype=float))


def _within_class_diversity(clips: ClassClips, name: str, resample: Resample) -> Measurement | None:
    if "real" not in clips.sets or min(len(clips.sets["real"]), len(clips.sets[name])) < 2:
        return None
    real = mean_pairwise_distance(clips.sets["real"].embeddings)
    if real == 0:
        return None
    return resample(lambda some: mean_pairwise_distance(some) / real, clips.sets[name].embeddings)


def _copy_rate(clips: ClassClips, name: str, resample: Resample) -> Measurement | None:
    if "real" not in clips.sets or clips.train is None:
        return None
    copies = find_copies(clips.sets[name].embeddings, clips.train, clips.sets["real"].embeddings)
    return resample(np.mean, copies.astype(float))


def _dead_silence(clips: ClassClips, name: str, resample: Resample) -> Measurement | None:
    if "real" in clips.sets and clips.sets["real"].values["dead_silence"].mean() > SILENT_CLASS_SHARE:
        return None  # no defect in a class whose recordings fall silent, too
    return resample(np.mean, clips.sets[name].values["dead_silence"])


def mean_over_clips(value: str) -> Callable[[ClassClips, str, Resample], Measurement | None]:
    """How to compute a metric that is the mean of a value that each clip has, see `ClipSet.values`."""

    def compute(clips: ClassClips, name: str, resample: Resample) -> Measurement | None:
        values = clips.sets[name].values.get(value)
        if values is None:
            return None
        defined = np.isfinite(values)
        return resample(np.mean, values[defined]) if defined.mean() > FEWEST_DEFINED else None

    return compute


def _trained_on(kind: str) -> Callable[[ClassClips, str, Resample], Measurement | None]:
    def compute(clips: ClassClips, name: str, resample: Resample) -> Measurement | None:
        hits = clips.trained_on.get(kind, {}).get(name)
        return None if hits is None else resample(np.mean, hits)

    return compute


def _distribution(value: str) -> Callable[[ClassClips, str, Resample], Measurement | None]:
    """How to compute how far the distribution of a value of single clips lies from that of recordings."""

    def compute(clips: ClassClips, name: str, resample: Resample) -> Measurement | None:
        values, real = (clips.sets[each].values.get(value) if each in clips.sets else None for each in (name, "real"))
        if values is None or real is None or min(np.isfinite(v).mean() for v in (values, real)) <= FEWEST_DEFINED:
            return None
        return resample(lambda some: distribution_distance(some, real), values[np.isfinite(values)])

    return compute


def _modulation(clips: ClassClips, name: str, resample: Resample) -> Measurement | None:
    if "real" not in clips.sets or not all(MODULATION[0] in clips.sets[each].values for each in (name, "real")):
        return None
    depths, real = (
        np.stack([clips.sets[each].values[value] for value in MODULATION], axis=1) for each in (name, "real")
    )
    defined = np.isfinite(depths[:, 0])  # of silence there is no modulation
    return resample(lambda some: modulation_distance(some, real), depths[defined]) if defined.any() else None


def _loudness_off(clips: ClassClips, name: str, resample: Resample) -> Measurement | None:
    if "real" not in clips.sets:
        return None
    real = clips.sets["real"].values["loudness_lufs"].mean()
    return resample(lambda some: abs(some.mean() - real), clips.sets[name].values["loudness_lufs"])


def _registered(metrics: Iterable[Metric]) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


DISTANCES = "Distance to recordings"
ACCURACY = "Probe accuracy"
DIVERSITY = "Diversity and copies"
CALIBRATION = "What the distance says where the answer is known"
RECONSTRUCTION = "Reconstruction metrics of recordings sent through the chain"
LEVELS = "Levels"
DEFECTS = "Defects"
VALUE = "What takes are worth: classifiers trained on them alone, tested on recordings"
TONE = "Tone"
CRISPNESS = "Crispness and events"
CHANGES = "Tone and crispness of recordings sent through the chain: change of each"
SPREADS = "Distance of distributions: takes against recordings"
ALL_SETS = tuple(SETS)
FLOOR_AND_GENERATED = ("floor", "generated")
REAL_AND_GENERATED = ("real", "generated")

METRICS: dict[str, Metric] = _registered(
    [
        Metric(
            "fad", "FAD", "", Direction.LOWER, ("floor", *PARTS, "generated"), _fad, 1, DISTANCES,
            "Fréchet audio distance: how far a set lies from held-out recordings of its class. Other recordings show "
            "what can be reached.",
        ),
        Metric(
            "fad_inf", "FAD∞", "", Direction.LOWER, ("generated",), _fad_inf, 1, DISTANCES,
            "FAD extrapolated to infinitely many takes, which frees it from the bias of a small set.",
        ),
        Metric(
            "kad", "KAD, cubic kernel", "", Direction.LOWER, ("floor", "generated"), _kad, 4, DISTANCES,
            "Kernel audio distance: the unbiased maximum mean discrepancy, here with the cubic kernel of KID. About 0 "
            "for two sets of one kind, however small they are.",
        ),
        Metric(
            "probe_accuracy", "Probe accuracy", "%", Direction.HIGHER, tuple(name for name in SETS if name != "floor"),
            _probe_accuracy, 0, ACCURACY,
            "The share of clips that a classifier, fitted on training recordings, assigns to their own class.",
        ),
        Metric(
            "within_class_diversity", "Within-class diversity", "", Direction.AS_REAL, ("generated",),
            _within_class_diversity, 2, DIVERSITY,
            "The mean distance between two takes of a class, divided by that between two recordings: 1 is as varied "
            "as recordings, 0 always the same clip.",
        ),
        Metric(
            "copy_rate", "Copy rate", "%", Direction.LOWER, ("generated",), _copy_rate, 0, DIVERSITY,
            "The share of takes nearer to a training recording than 95 % of held-out recordings are; 5 % is chance.",
        ),
        Metric(
            "calibration", "FAD∞", "", Direction.NONE, tuple(CALIBRATION_SETS), _calibration, 1, CALIBRATION,
            "The distance of two halves of a class's recordings, which is 0 for a perfect measure, and of one half to "
            "the recordings of other classes.",
        ),
        Metric(
            "log_mel_l1", "Log-mel L1", "", Direction.LOWER, PARTS, mean_over_clips("log_mel_l1"), 2, RECONSTRUCTION,
            "The mean absolute difference of the log-mel spectrograms of a recording before and after a part of the "
            "chain.",
        ),
        Metric(
            "envelope_distance", "Envelope distance", "dB", Direction.LOWER, PARTS,
            mean_over_clips("envelope_distance"), 1, RECONSTRUCTION,
            "The mean difference of level, in blocks of 5 ms, of a recording before and after a part of the chain.",
        ),
        Metric(
            "attack_distance", "Attack distance", "ms", Direction.LOWER, PARTS, mean_over_clips("attack_distance"), 1,
            RECONSTRUCTION,
            "How much longer or shorter the attack of a recording's loudest event becomes on its way; steady sounds "
            "have none.",
        ),
        Metric(
            "accuracy_trained_on", "Probe accuracy on recordings", "%", Direction.HIGHER, FLOOR_AND_GENERATED,
            _trained_on("probe"), 0, VALUE,
            "The share of held-out recordings that a classifier on the embedding names right when it was trained on "
            "other recordings or on as many takes.",
        ),
        Metric(
            "network_trained_on", "Accuracy of a network on recordings", "%", Direction.HIGHER, FLOOR_AND_GENERATED,
            _trained_on("network"), 0, VALUE,
            "The same for a small convolutional network that is trained from nothing on log-mels.",
        ),
        Metric(
            "flatness", "Spectral flatness", "", Direction.AS_REAL, ALL_SETS, mean_over_clips("flatness"), 2, TONE,
            "Of the loud frames in bands of 375 Hz: about 0.55 for noise, near 0 for lines.",
        ),
        Metric(
            "voiced", "Voiced", "%", Direction.AS_REAL, ALL_SETS, mean_over_clips("voiced"), 0, TONE,
            "The share of clips whose loud frames repeat themselves after a period between 1 and 16 ms.",
        ),
        Metric(
            "rise", "Rise", "dB", Direction.AS_REAL, ALL_SETS, mean_over_clips("rise"), 1, CRISPNESS,
            "How far 3 to 11 kHz rise in the 4 ms before their peaks.",
        ),
        Metric(
            "log_kurtosis", "Log kurtosis", "", Direction.AS_REAL, ALL_SETS, mean_over_clips("log_kurtosis"), 2,
            CRISPNESS,
            "The logarithm of the excess kurtosis of 3 to 11 kHz in the loudest second: drops and clicks have much, "
            "hiss has none.",
        ),
        Metric(
            "events_per_second", "Events a second", "", Direction.AS_REAL, ALL_SETS,
            mean_over_clips("events_per_second"), 2, CRISPNESS, "Rises of the level by 10 dB within 30 ms.",
        ),
        Metric(
            "flatness_change", "Spectral flatness", "", Direction.LOWER, PARTS, mean_over_clips("flatness_change"), 2,
            CHANGES, "The mean change of a recording's flatness on its way.",
        ),
        Metric(
            "rise_change", "Rise", "dB", Direction.LOWER, PARTS, mean_over_clips("rise_change"), 1, CHANGES,
            "The mean change of a recording's rise on its way.",
        ),
        Metric(
            "log_kurtosis_change", "Log kurtosis", "", Direction.LOWER, PARTS, mean_over_clips("log_kurtosis_change"),
            2, CHANGES, "The mean change of a recording's log kurtosis on its way.",
        ),
        *(
            Metric(
                f"{value}_distribution", label, unit, Direction.LOWER, FLOOR_AND_GENERATED, _distribution(value),
                digits, SPREADS, "The Wasserstein distance to what held-out recordings have, in its own unit.",
            )
            for value, label, unit, digits in (
                ("flatness", "Spectral flatness", "", 3),
                ("rise", "Rise", "dB", 1),
                ("log_kurtosis", "Log kurtosis", "", 2),
                ("events_per_second", "Events a second", "", 2),
            )
        ),
        Metric(
            "modulation_distance", "Modulation spectrum", "dB", Direction.LOWER, FLOOR_AND_GENERATED, _modulation, 1,
            SPREADS,
            "How far the envelope's modulation, in octaves from 0.5 to 32 Hz, lies from that of recordings on average.",
        ),
        Metric(
            "loudness_off", "Loudness off by", "LUFS", Direction.LOWER, FLOOR_AND_GENERATED, _loudness_off, 1, LEVELS,
            "How far the mean loudness of a class lies from that of its held-out recordings.",
        ),
        Metric(
            "peak_dbfs", "Peak", "dBFS", Direction.AS_REAL, REAL_AND_GENERATED, mean_over_clips("peak_dbfs"), 1,
            LEVELS, "The highest sample. Takes should lie where recordings lie.",
        ),
        Metric(
            "rms_dbfs", "RMS", "dBFS", Direction.AS_REAL, REAL_AND_GENERATED, mean_over_clips("rms_dbfs"), 1, LEVELS,
            "The mean power. Takes should lie where recordings lie.",
        ),
        Metric(
            "loudness_lufs", "Loudness", "LUFS", Direction.AS_REAL, REAL_AND_GENERATED,
            mean_over_clips("loudness_lufs"), 1, LEVELS,
            "Integrated loudness as ITU-R BS.1770 defines it. Takes should lie where recordings lie.",
        ),
        Metric(
            "dc_offset", "DC offset", "%", Direction.LOWER, REAL_AND_GENERATED, mean_over_clips("dc_offset"), 0,
            DEFECTS, "The share of clips whose mean is far from zero.",
        ),
        Metric(
            "click", "Click", "%", Direction.LOWER, REAL_AND_GENERATED, mean_over_clips("click"), 0, DEFECTS,
            "The share of clips that begin or end with a jump.",
        ),
        Metric(
            "clipping", "Clipping", "%", Direction.LOWER, REAL_AND_GENERATED, mean_over_clips("clipping"), 0, DEFECTS,
            "The share of clips with a few samples in a row at full scale.",
        ),
        Metric(
            "dead_silence", "Dead silence", "%", Direction.LOWER, REAL_AND_GENERATED, _dead_silence, 0, DEFECTS,
            "The share of clips that are silent for more than a second, in classes whose recordings never are.",
        ),
    ]
)  # fmt: skip
SCORES: dict[str, Score] = {score.key: score for metric in METRICS.values() for score in metric.scores()}
SECTIONS: dict[str, list[Score]] = {}
for _score in SCORES.values():
    SECTIONS.setdefault(_score.metric.section, []).append(_score)
