"""Embedders: one interface, a cache in front, and the two networks behind."""

import numpy as np
import pytest
import torch

from foley.checkpoints import CheckpointError
from foley.evaluation.embedders import aisfx, vggish
from foley.evaluation.embedders.aisfx import Aisfx, AisfxConfig
from foley.evaluation.embedders.htk_mel import mel_bank
from foley.evaluation.embedders.module_embedder import ModuleEmbedder
from foley.evaluation.embedders.registry import CachedEmbedder, load_embedder
from foley.evaluation.embedders.waveforms import resample

SAMPLE_RATE = 24000

ORIGINAL_CHIRP = [
    [1.63775, 1.68554, 0.28635, 1.01337, 1.12049, 2.15661, 3.79493, 1.77123],
    [1.01701, 1.40571, 0.49506, 0.23798, 1.42521, 0.94026, 0.64364, 2.52310],
]


def noise(clips: int, seconds: float, seed: int = 0, rate: int = SAMPLE_RATE) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(clips, round(seconds * rate), generator=generator)


@pytest.fixture(scope="module")
def shipped() -> ModuleEmbedder:
    return aisfx.load()


def tiny_vggish(name: str) -> ModuleEmbedder:
    torch.manual_seed(0)
    return vggish.load(name, network=vggish.VGGishNetwork(width=2, hidden=8))


@pytest.fixture
def tiny_aisfx() -> Aisfx:
    torch.manual_seed(0)
    return Aisfx(AisfxConfig(channels=(2, 4))).eval()


class Counting:
    """An embedder that counts the clips it is asked for."""

    name, dimension, fingerprint = "counting", 2, "first"

    def __init__(self) -> None:
        self.clips = 0

    def embed(self, waveforms: torch.Tensor, sample_rate: int) -> np.ndarray:
        self.clips += len(waveforms)
        return np.stack([[[x.mean(), x.std()]] for x in waveforms.numpy()]).astype(np.float32)


def test_the_shipped_network_gives_three_windows_of_512_for_four_seconds(shipped):
    embedding = shipped.embed(noise(2, 4.0), SAMPLE_RATE)
    assert embedding.shape == (2, 3, shipped.dimension) == (2, 3, 512)
    assert embedding.dtype == np.float32
    assert np.isfinite(embedding).all()


def test_the_shipped_network_says_the_same_twice_and_another_thing_of_another_sound(shipped):
    first, second, other = (shipped.embed(noise(1, 2.5, seed), SAMPLE_RATE) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 0.01


def test_the_shipped_network_says_what_the_original_said(shipped):
    """A chirp through the authors' code and Essentia gave these first values (see the README beside it)."""
    seconds = torch.arange(176400, dtype=torch.float64) / 44100
    chirp = 0.5 * torch.sin(2 * torch.pi * (50 * seconds + 2000 * seconds**2))
    embedding = shipped.embed(chirp[None].float(), 44100)[0]
    expected = np.array(ORIGINAL_CHIRP, dtype=np.float32)
    np.testing.assert_allclose(embedding[:2, :8], expected, atol=1e-4)


def test_silence_and_very_short_clips_embed(shipped):
    assert np.isfinite(shipped.embed(torch.zeros(1, 10), SAMPLE_RATE)).all()
    assert shipped.embed(noise(1, 0.3), SAMPLE_RATE).shape == (1, 1, 512)


def test_a_clip_embeds_alike_alone_and_among_others(tiny_aisfx):
    embedder = ModuleEmbedder("tiny", tiny_aisfx, input_rate=44100, dimension=4)
    clips = noise(20, 2.5)
    together = embedder.embed(clips, 44100)
    np.testing.assert_allclose(embedder.embed(clips[17:18], 44100)[0], together[17], atol=1e-5)


def test_the_last_window_ends_with_the_clip(tiny_aisfx):
    mel = torch.arange(174.0)[None, :, None].expand(1, 174, 96)
    blocks = tiny_aisfx.blocks(mel)
    assert [(int(block[0, 0]), int(block[-1, 0])) for block in blocks[0]] == [(0, 99), (50, 149), (74, 173)]
    assert tiny_aisfx.blocks(mel[:, :150]).shape == (1, 2, 100, 96)


def test_the_rate_of_a_recording_hardly_matters(shipped):
    seconds = torch.arange(4 * 48000) / 48000
    sound = (torch.sin(2 * torch.pi * 440 * seconds) * torch.exp(-seconds) * 0.5)[None]
    high, low = (shipped.embed(resample(sound, 48000, rate), rate) for rate in (48000, 24000))
    assert np.abs(high - low).mean() < 0.05 * np.abs(high).mean()


@pytest.mark.parametrize(("name", "windows"), [("vggish-dcase", 10), ("vggish", 4), ("vggish-fadtk", 4)])
def test_vggish_cuts_four_seconds_as_each_published_flavour_does(name, windows):
    embedder = tiny_vggish(name)
    embedding = embedder.embed(noise(3, 4.0), SAMPLE_RATE)
    assert embedder.name == name
    assert embedding.shape == (3, windows, embedder.dimension) == (3, windows, 128)
    assert np.isfinite(embedding).all()
    assert embedding.min() < 0, "the last ReLU must be left out"


@pytest.mark.parametrize("name", vggish.FLAVOURS)
def test_vggish_embeds_silence_and_very_short_clips(name):
    embedding = tiny_vggish(name).embed(torch.zeros(1, 100), SAMPLE_RATE)
    assert embedding.shape == (1, 1, 128)
    assert np.isfinite(embedding).all()


def test_only_the_dcase_flavour_forgets_the_level_of_a_clip():
    clips = noise(1, 4.0)
    for name, same in (("vggish-dcase", True), ("vggish", False), ("vggish-fadtk", False)):
        module = tiny_vggish(name).module
        loud, soft = module.patches(clips), module.patches(clips / 4)
        assert torch.allclose(loud, soft, atol=0.01) is same, name


def test_the_published_vggish_has_the_layers_of_its_weights_file():
    with torch.device("meta"):
        state = vggish.VGGishNetwork().state_dict()
    assert sum(tensor.numel() for tensor in state.values()) == 72_141_184
    assert state["features.13.weight"].shape == (512, 512, 3, 3)
    assert state["embeddings.0.weight"].shape == (4096, 512 * 6 * 4)
    assert state["embeddings.4.bias"].shape == (128,)


def test_mel_triangles_peak_at_one_and_overlap_to_one():
    bank = mel_bank(sample_rate=16000, n_fft=4096, n_mels=20, f_min=100, f_max=7000)
    assert bank.shape == (20, 2049)
    assert bank.min() == 0
    assert (bank.amax(dim=1) > 0.9).all()
    inner = bank.sum(dim=0)[bank.argmax(dim=1)[0] : bank.argmax(dim=1)[-1]]
    torch.testing.assert_close(inner, torch.ones_like(inner))


@pytest.mark.parametrize(
    ("waveforms", "sentence"),
    [
        (torch.zeros(100), "shape \\(batch, samples\\)"),
        (torch.zeros(0, 100), "empty"),
        (torch.zeros(2, 0), "empty"),
        (torch.full((1, 100), torch.nan), "NaN or infinite"),
        (torch.zeros(1, 100, dtype=torch.int16), "floating point"),
    ],
)
def test_waveforms_that_cannot_be_embedded_are_refused_in_one_sentence(tmp_path, waveforms, sentence):
    embedder = tiny_vggish("vggish")
    for refusing in (embedder, CachedEmbedder(embedder, tmp_path)):
        with pytest.raises(ValueError, match=sentence):
            refusing.embed(waveforms, SAMPLE_RATE)


def test_a_cached_clip_does_not_reach_the_network_again(tmp_path):
    counting = Counting()
    first = CachedEmbedder(counting, tmp_path).embed(noise(3, 0.1), SAMPLE_RATE)
    assert counting.clips == 3
    again = CachedEmbedder(counting, tmp_path).embed(noise(3, 0.1), SAMPLE_RATE)
    assert counting.clips == 3
    np.testing.assert_array_equal(first, again)


def test_only_new_clips_reach_the_network_and_the_order_is_kept(tmp_path):
    counting = Counting()
    cached = CachedEmbedder(counting, tmp_path)
    clips = noise(4, 0.1)
    cached.embed(clips[1:3], SAMPLE_RATE)
    np.testing.assert_array_equal(cached.embed(clips, SAMPLE_RATE), Counting().embed(clips, SAMPLE_RATE))
    assert counting.clips == 4


def test_another_rate_or_other_weights_miss_the_cache(tmp_path):
    counting = Counting()
    CachedEmbedder(counting, tmp_path).embed(noise(1, 0.1), SAMPLE_RATE)
    CachedEmbedder(counting, tmp_path).embed(noise(1, 0.1), 16000)
    assert counting.clips == 2
    counting.fingerprint = "second"
    CachedEmbedder(counting, tmp_path).embed(noise(1, 0.1), SAMPLE_RATE)
    assert counting.clips == 3


def test_a_broken_cache_file_is_computed_anew_and_no_part_files_stay(tmp_path):
    counting = Counting()
    cached = CachedEmbedder(counting, tmp_path)
    first = cached.embed(noise(1, 0.1), SAMPLE_RATE)
    (file,) = (tmp_path / "counting").iterdir()
    file.write_bytes(file.read_bytes()[:70])
    np.testing.assert_array_equal(cached.embed(noise(1, 0.1), SAMPLE_RATE), first)
    assert counting.clips == 2
    assert [path.name for path in (tmp_path / "counting").iterdir()] == [file.name]


def test_networks_with_other_weights_have_other_fingerprints(shipped):
    assert tiny_vggish("vggish").fingerprint == tiny_vggish("vggish").fingerprint
    assert tiny_vggish("vggish").fingerprint != tiny_vggish("vggish-fadtk").fingerprint
    torch.manual_seed(1)
    other = vggish.load("vggish", network=vggish.VGGishNetwork(width=2, hidden=8))
    assert other.fingerprint != tiny_vggish("vggish").fingerprint


def test_embedders_are_had_by_name_with_or_without_a_cache(tmp_path, shipped):
    embedder = load_embedder("aisfx", cache=tmp_path)
    assert (embedder.name, embedder.dimension) == ("aisfx", 512)
    assert embedder.fingerprint == load_embedder().fingerprint == shipped.fingerprint


def test_what_cannot_be_loaded_is_said_in_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="no embedder 'clap': choose one of aisfx, vggish-dcase"):
        load_embedder("clap")
    with pytest.raises(CheckpointError, match="holds no aiSFX network"):
        load_embedder("aisfx", weights=tmp_path)
    (tmp_path / "config.json").write_text('{"network": {"channels": [4], "colour": 1}}')
    with pytest.raises(CheckpointError, match="does not describe an aiSFX network"):
        load_embedder("aisfx", weights=tmp_path)
    with pytest.raises(CheckpointError, match="is not there"):
        load_embedder("vggish", weights=tmp_path / "none.pth")
    (tmp_path / "odd.pth").write_bytes(b"no weights")
    with pytest.raises(CheckpointError, match="cannot be read as weights"):
        load_embedder("vggish", weights=tmp_path / "odd.pth")
    torch.save({"features.0.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match="does not hold the weights of VGGish"):
        load_embedder("vggish", weights=tmp_path / "other.pth")
