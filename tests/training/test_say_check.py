"""The command that measures what words do: knobs against their opposites, tags against held-out recordings."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import SECONDS, tiny_checkpoint

from foley.categories import Category
from foley.pipeline import Foley
from foley.prompts.parser import parse
from foley.prompts.ranking import Score
from foley.prompts.say import Spoken
from training import __main__ as training
from training.say_check import check_tags_of, seconds_to_sound
from training.word_check import OPPOSITES, PHRASES, word_scores


@pytest.fixture(scope="module")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("hearing") / "tiny", seconds=SECONDS, hears=True)


@pytest.mark.parametrize("category", list(PHRASES))
@pytest.mark.parametrize("knob", list(OPPOSITES))
def test_the_two_words_of_a_knob_set_it_to_either_side_and_nothing_else(category: Category, knob: str) -> None:
    low, high = (parse(f"{word} {PHRASES[category]}") for word in OPPOSITES[knob])
    assert low.category is high.category is category
    assert list(low.knobs) == list(high.knobs) == [knob]
    assert low.knobs[knob] < 0.5 < high.knobs[knob]
    assert not low.groups and not low.unknown and not high.unknown and not low.tags


@dataclass
class Loudspeaker:
    """Stands for a speaker that follows one knob: `loud` is loud, or, with `wrong`, quiet."""

    wrong: bool = False

    class foley:  # noqa: N801
        sample_rate = 24_000

    def say(self, prompt, settings):
        loud = prompt.knobs.get("loudness", 0.5) > 0.5
        noise = torch.randn(24_000, generator=torch.Generator().manual_seed(settings.seed))
        take = type("Sound", (), {"waveform": noise * (0.5 if loud != self.wrong else 0.05)})
        return [Spoken(take, settings.best_of, Score(1.0, {}), prompt)]  # type: ignore[arg-type]


@pytest.mark.parametrize(("wrong", "share"), [(False, 1.0), (True, 0.0)])
def test_a_word_that_is_followed_wins_every_pair(wrong: bool, share: float) -> None:
    scores = {score.knob: score for score in word_scores(Loudspeaker(wrong), Category.Rain, 3, 1)}  # type: ignore[arg-type]
    assert scores["loudness"].share == share and scores["loudness"].takes == 3
    assert scores["brightness"].share == 0  # the same sound twice is no win


class ColourEmbedder:
    """Stands for a network of the dimension of the shipped one: the spectrum in so many parts."""

    name, dimension, fingerprint = "test", 512, "0"

    def embed(self, waveforms, sample_rate):
        spectrum = np.abs(np.fft.rfft(waveforms.numpy(), axis=1))
        return np.stack([part.mean(axis=1) for part in np.array_split(spectrum, self.dimension, axis=1)], axis=1)[
            :, None
        ]


def test_tags_are_checked_against_held_out_recordings(hearing: Path, dataset_folder: Path, tmp_path: Path) -> None:
    from foley.prompts.tags import TagStatistics

    ColourEmbedder.dimension = len(next(iter(TagStatistics.load().means.values())))
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "category", "split", "source", "source_path", "source_group", "notes"])
        for number, path in enumerate(sorted((dataset_folder / "Footstep").glob("*.wav"))):
            rows.writerow([path, "Footstep", "validation", "pack", f"{('gravel', 'wood')[number % 2]}.wav", number, ""])
    foley = Foley.from_pretrained(hearing, "cpu", sampler_backend="torch")
    lines = list(check_tags_of(foley, tmp_path, [Category.Footstep], 8, ColourEmbedder()))
    assert [line.split()[1] for line in lines[:2]] == ["wood", "gravel"]
    assert lines[-1].startswith("Nearer to the own tag: ")


def test_the_slider_is_timed_with_a_model_that_hears_it_alone(hearing: Path, checkpoint: Path) -> None:
    assert 0 < seconds_to_sound(Foley.from_pretrained(hearing, "cpu", sampler_backend="torch")) < 60
    with pytest.raises(ValueError, match="hears no knobs"):
        seconds_to_sound(Foley.from_pretrained(checkpoint, "cpu"))


def test_tags_without_recordings_are_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert training.main(["say-check", "--only", "tags"]) == 2
    assert "--data" in capsys.readouterr().err
