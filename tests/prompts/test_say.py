"""A sentence to sounds: the best of several candidates, events placed, files written, and the command line."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from handmade import handmade_take

from foley.audio.onsets import find_onsets
from foley.categories import Category
from foley.cli import main
from foley.conditions.asked import Asked
from foley.conditions.attributes import measure
from foley.conditions.knobs import KNOBS
from foley.conditions.scales import KnobScales
from foley.perform.performance import Performance
from foley.prompts import PromptError, parse
from foley.prompts.changes import changed
from foley.prompts.ranking import Ranker, Wishes
from foley.prompts.say import SaySettings, Speaker
from foley.prompts.tags import TagStatistics
from foley.sampling import Progress
from foley.takes.take import Take

RATE = 24_000


class NoiseFoley:
    """Stands for a model: takes of three hits of noise, the darker the higher the seed."""

    sample_rate, codes_per_second, name, licence = RATE, 18.75, "noise@0", "CC0"

    hears_contours = hears_knobs = False

    def __init__(self, like: Take):
        self.like, self.drawn, self.asked = like, [], []

    def stream(self, category, seed, count, settings, asked=None):
        self.asked.append(asked)
        for number in range(count):
            yield Progress(number + 1, count, torch.zeros(1))
            yield self.generate(category, seed + number, settings.temperature)[0]

    def generate(self, category, seed, temperature=1.0, count=1, top_k=0, top_p=1.0, asked=None):
        self.drawn.append((category, seed, temperature))
        noise = np.random.default_rng(seed).standard_normal(4 * RATE)
        smooth = np.convolve(noise, np.ones(1 + seed % 10) / (1 + seed % 10), "same")
        envelope = np.exp(-30 * (np.arange(4 * RATE) / RATE % 1.2))
        waveform = torch.from_numpy(0.3 * smooth * envelope).float()
        recipe = replace(self.like.recipe, category=Category.parse(category), seed=seed)
        return [replace(self.like, waveform=waveform, recipe=recipe)]

    def continue_(self, take, duration_s, seed):
        return [replace(take, waveform=take.waveform.repeat(8)[: round(duration_s * RATE)])]


class LoudnessEmbedder:
    """Stands for a network: an embedding that holds the share of high frequencies."""

    name, dimension, fingerprint = "test", 2, "0"

    def embed(self, waveforms, sample_rate):
        high = (waveforms[:, 1:] - waveforms[:, :-1]).std(dim=1) / waveforms.std(dim=1)
        return torch.stack([high, -high], dim=1)[:, None].numpy()


@pytest.fixture(scope="module")
def take() -> Take:
    return replace(handmade_take(Category.Footstep), waveform=torch.zeros(4 * RATE))


@pytest.fixture
def speaker(take: Take) -> Speaker:
    model = NoiseFoley(take)
    measured = [measure(model.generate("Footstep", seed)[0].waveform, RATE) for seed in range(10)]
    scales = KnobScales.of({Category.Footstep: measured, Category.DogBark: measured, Category.Rain: measured})
    embeddings = np.array([[1.4, -1.4], [1.3, -1.3], [0.2, -0.2], [0.1, -0.1]]) + 0.01 * np.eye(4)[:, :2]
    names = [frozenset({"gravel"})] * 2 + [frozenset({"carpet"})] * 2
    tags = TagStatistics.of("test", embeddings, [Category.Footstep] * 4, list("abcd"), names)
    model.drawn.clear()
    return Speaker(model, Ranker(scales, tags, LoudnessEmbedder()))  # type: ignore[arg-type]


def brightness(waveform: torch.Tensor) -> float:
    return measure(waveform, RATE)["brightness"]


def test_dark_is_darker_than_bright(speaker: Speaker) -> None:
    (dark,) = speaker.say("dark dog barking")
    (bright,) = speaker.say("bright dog barking")
    assert brightness(dark.sound.waveform) < brightness(bright.sound.waveform)
    assert dark.words.startswith("best of 8: brightness")


def test_the_best_is_kept_of_as_many_candidates_as_asked_for(speaker: Speaker) -> None:
    sounds = speaker.say("3 takes of dark dog barking, seed 7", SaySettings(best_of=4))
    assert len(sounds) == 3
    assert [seed for _, seed, _ in speaker.foley.drawn] == list(range(7, 19))  # type: ignore[attr-defined]


def test_nothing_to_choose_by_draws_one_take_alone(speaker: Speaker) -> None:
    (sound,) = speaker.say("strange dog barking", SaySettings(seed=3))
    assert speaker.foley.drawn == [(Category.DogBark, 3, 1.25)]  # type: ignore[attr-defined]
    assert sound.words == "the only one drawn"


def test_a_model_that_hears_knobs_is_asked_for_them(speaker: Speaker) -> None:
    speaker.say("dark dog barking")
    speaker.foley.hears_knobs = True  # type: ignore[misc]
    (dark,) = speaker.say("dark dog barking")
    assert speaker.foley.asked == [None, Asked(knobs=parse("dark dog barking").knobs)]  # type: ignore[attr-defined]
    assert dark.words.startswith("best of 8: brightness")


def test_single_events_are_asked_for_the_knobs_too_all_of_them_and_each(speaker: Speaker) -> None:
    speaker.foley.hears_knobs = True  # type: ignore[misc]
    (barks,) = speaker.say("bright dog, barks twice, then a dark bark", SaySettings(best_of=1))
    events, settings = barks.sound.events, barks.sound.settings  # type: ignore[union-attr]
    assert dict(settings.knobs)["brightness"] > 0.5
    assert [dict(event.knobs).get("brightness", 1) < 0.5 for event in events.events] == [False, False, True]


def test_a_reading_changed_by_hand_is_said_as_it_is_then(speaker: Speaker) -> None:
    changes = [("knob/dark/0", None), ("class/dog/0", "Footstep")]
    (sound,) = speaker.say(changed(parse("dark dog barking"), changes))
    assert sound.sound.recipe.category is Category.Footstep and sound.best_of == 1  # type: ignore[union-attr]


def test_a_tag_chooses_the_nearest_take(speaker: Speaker) -> None:
    (gravel,), (carpet,) = speaker.say("walking on gravel"), speaker.say("walking on carpet")
    assert brightness(gravel.sound.waveform) > brightness(carpet.sound.waveform)


def test_a_tag_may_be_given_beside_the_sentence(speaker: Speaker) -> None:
    (beside,) = speaker.say("walking", SaySettings(tags=("gravel",)))
    (inside,) = speaker.say("walking on gravel")
    assert beside.sound.seed == inside.sound.seed  # type: ignore[union-attr]


def test_events_are_placed_where_the_sentence_says(speaker: Speaker) -> None:
    (sound,) = speaker.say("footsteps at 0.5 and 1.5 s", SaySettings(best_of=1))
    assert isinstance(sound.sound, Performance)
    onsets = [onset.sample / RATE for onset in find_onsets(sound.sound.waveform, RATE)]
    assert onsets == pytest.approx([0.5, 1.5], abs=0.01)


def test_a_longer_sound_is_a_continuation(speaker: Speaker) -> None:
    assert speaker.say("dog barking for 9 seconds")[0].sound.duration_s == pytest.approx(9)


def test_a_long_bed_is_as_long_as_asked(speaker: Speaker) -> None:
    assert speaker.say("rain for 40 seconds")[0].sound.duration_s == pytest.approx(40)


def test_the_same_sentence_gives_the_same_sound(speaker: Speaker) -> None:
    first, second = (speaker.say("dark dog barking")[0].sound.waveform for _ in range(2))
    assert torch.equal(first, second)


def test_words_scored_by_a_text_encoder_choose_too(speaker: Speaker) -> None:
    scored = SaySettings(best_of=3, words=lambda waveforms, rate: np.array([0.1, 0.9, 0.2]))
    assert speaker.say("dog barking", scored)[0].sound.seed == 1  # type: ignore[union-attr]


def test_a_nearly_silent_candidate_is_never_the_best(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    generate = speaker.foley.generate

    def silent_at_one(category, seed, *arguments, **settings):
        (take,) = generate(category, seed, *arguments, **settings)
        return [replace(take, waveform=take.waveform * (1e-4 if seed == 1 else 1))]

    monkeypatch.setattr(speaker.foley, "generate", silent_at_one)
    scored = SaySettings(best_of=3, words=lambda waveforms, rate: np.array([0.1, 0.9, 0.2]))
    assert speaker.say("dog barking", scored)[0].sound.seed == 2  # type: ignore[union-attr]


def test_a_sentence_without_a_class_is_refused(speaker: Speaker) -> None:
    with pytest.raises(PromptError, match="No word names a class"):
        speaker.say("something dark")


def test_a_number_of_candidates_out_of_reason_is_refused() -> None:
    with pytest.raises(PromptError, match="choose among 1 to 64"):
        SaySettings(best_of=0)


def test_scores_say_what_was_measured(speaker: Speaker, take: Take) -> None:
    wishes = Wishes(Category.Footstep, dict.fromkeys(KNOBS, 0.5), ("gravel",))
    (score,) = speaker.ranker.scores([speaker.foley.generate("Footstep", 2)[0].waveform], RATE, wishes)
    assert 0 <= score.total <= 1
    assert set(score.knobs) == set(KNOBS)
    assert "tags" in str(score)


def test_the_command_says_what_it_understood_and_makes_the_sounds(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["say", "two takes of a purple rain loop", "--best-of", "2", "--checkpoint", str(checkpoint)]
    assert main([*line, "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "not understood: purple" in said
    assert "the only one drawn" in said
    assert len(list(tmp_path.glob("*.wav"))) == 2


def test_the_command_without_a_class_says_so_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["say", "a helicopter", "--dry-run"]) == 0
    assert "not understood: helicopter" in capsys.readouterr().out
    assert main(["say", ""]) == 2
    assert main(["say", "x" * 500]) == 2
    assert capsys.readouterr().err.count("error:") == 2
