"""Whatever stands where a value stands: hypothesis looks for one that is answered with anything but a sentence."""

import json
from collections.abc import Callable

import pytest
import torch
from handmade import handmade_take
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tiny import tiny_preset

from foley.audio.embedded import read_recipe
from foley.audio.files import MOST_RATE, AudioError, from_array
from foley.audio.metadata import plain_text
from foley.audio.resampling import resample
from foley.categories import Category
from foley.presets import Preset
from foley.sampling.settings import SamplingSettings
from foley.system.files import cut_to_bytes
from foley.takes.export import ExportSettings
from foley.takes.recipe import Recipe, RecipeError

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
)
RECIPE = json.loads(handmade_take().recipe.to_json())
PRESET = tiny_preset().to_dict()
SETTINGS = [(block, name) for block, values in PRESET.items() if isinstance(values, dict) for name in values]
EXPORT = list(ExportSettings.__dataclass_fields__)

many = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def answered(call: Callable[[], object], *refusals: type[Exception]) -> None:
    """A result, or a refusal of exactly one of these types, in one line that is not too long."""
    refusal: Exception | None = None
    try:
        call()
    except Exception as error:
        refusal = error
    assert refusal is None or type(refusal) in refusals, repr(refusal)
    assert "\n" not in str(refusal)
    assert 0 < len(str(refusal)) < 600


@many
@given(st.dictionaries(st.sampled_from(sorted(RECIPE)), VALUES, max_size=3))
def test_values_of_a_recipe(changes):
    answered(lambda: Recipe.from_json(json.dumps(RECIPE | changes), "a.wav"), RecipeError)


@many
@given(st.text())
def test_texts_as_a_recipe(text):
    answered(lambda: Recipe.from_json(text, "a.wav"), RecipeError)


@many
@given(st.dictionaries(st.sampled_from(SETTINGS), VALUES, max_size=2))
def test_values_of_a_configuration(changes):
    data = json.loads(json.dumps(PRESET))
    for (block, name), value in changes.items():
        data[block][name] = value
    answered(lambda: Preset.from_dict(data), ValueError)


@many
@given(VALUES)
def test_values_as_a_configuration(data):
    answered(lambda: Preset.from_dict(data), ValueError)


@many
@given(st.dictionaries(st.sampled_from(EXPORT), VALUES, max_size=3))
def test_values_of_export_settings(values):
    answered(lambda: ExportSettings.from_dict(values), ValueError)


@many
@given(VALUES)
def test_values_as_a_class(value):
    answered(lambda: Category.parse(value), ValueError)


@many
@given(VALUES, VALUES, VALUES)
def test_values_of_sampling(temperature, top_k, top_p):
    answered(lambda: SamplingSettings(temperature, top_k, top_p), ValueError)


@many
@given(
    hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=80)),
    st.integers() | st.floats() | st.none(),
)
def test_arrays_as_a_recording(data, rate):
    answered(lambda: from_array(data, rate, 24_000), AudioError)


@many
@given(st.integers(1_000, MOST_RATE), st.integers(1, 2_000))
def test_any_rate_gives_the_promised_length(rate, samples):
    result = resample(torch.ones(samples), rate, 24_000)
    assert abs(len(result) - samples * 24_000 / rate) <= 1
    assert torch.isfinite(result).all()


@many
@given(st.text(), st.integers(0, 300))
def test_any_name_can_be_kept_and_cut(text, most):
    name = plain_text(text)
    assert name == plain_text(name)
    assert name.encode().decode() == name
    cut = cut_to_bytes(name, most)
    assert name.startswith(cut)
    assert len(cut.encode()) <= most


@many
@given(
    st.sampled_from([b"RIFF\0\0\0\0WAVE", b"RF64\xff\xff\xff\xffWAVEds64", b"fLaC", b"ID3\4\0\0\0\0\0\0"]), st.binary()
)
def test_any_bytes_behind_a_files_head(tmp_path_factory, head, data):
    path = tmp_path_factory.getbasetemp() / "any.wav"
    path.write_bytes(head + data)
    assert read_recipe(path) is None or isinstance(read_recipe(path), str)


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "\x1b[31m", "\ufffe", "\u202e"])
def test_what_neither_xml_nor_a_page_can_hold_is_left_out(text):
    assert plain_text(text).encode() == plain_text(text).encode("utf-8", "ignore")
    assert not set(plain_text(text)) & set("\ud800\x00\x1b\ufffe")
