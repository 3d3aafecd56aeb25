"""The reconstruct tab without a browser: which part of a recording goes through the model."""

import numpy as np
import pytest
import soundfile

from foley import Foley
from foley.audio.files import AudioError
from foley.ui.components.recording_part import NO_PART, part_value


@pytest.fixture
def recording(tmp_path):
    """Eight seconds of steps of noise, each louder than the one before."""
    sound = np.random.default_rng(0).uniform(-1, 1, 8 * 24_000) * np.repeat(np.arange(1, 9) / 10, 24_000)
    soundfile.write(tmp_path / "dog.wav", sound, 24_000, subtype="FLOAT")
    return tmp_path / "dog.wav"


def test_the_part_that_is_chosen_goes_through_the_model(checkpoint, recording):
    foley = Foley.from_pretrained(checkpoint, "cpu")
    samples, _ = soundfile.read(recording, dtype="float32")
    result = foley.reconstruct(recording, start_s=2.5)
    assert np.array_equal(result.original.numpy(), samples[60_000:156_000])
    take = foley.take_of(recording, "DogBark", start_s=2.5)
    assert np.array_equal(take.codes, result.codes)
    assert take.recipe.edits == ("from dog.wav",)
    with pytest.raises(AudioError, match="empty"):
        foley.reconstruct(recording, start_s=8.5)


def test_the_slider_covers_what_is_longer_than_a_take_and_nothing_else(recording):
    part = part_value(recording, 2.0, 4.0)
    assert (part["last"], part["left"], part["width"]) == (4.0, 25.0, 50.0)
    assert part["wave"].count("M") == 240
    assert part_value(recording, 0.0, 8.0) == NO_PART
