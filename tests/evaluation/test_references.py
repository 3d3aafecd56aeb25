"""Reference statistics: saved and read, those of others too, and no file of strangers runs anything."""

import pickle
import struct
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from foley.categories import Category
from foley.evaluation.metrics.frechet import GaussianStatistics, frechet_distance
from foley.evaluation.published import read_dcase, read_npz
from foley.evaluation.references import ReferenceStatistics, holds_statistics, load_statistics


def gaussian(seed: int = 0, dimension: int = 4) -> GaussianStatistics:
    return GaussianStatistics.from_embeddings(np.random.default_rng(seed).standard_normal((50, dimension)))


def varint(number: int) -> bytes:
    low = bytes([number & 127])
    return bytes([number & 127 | 128]) + varint(number >> 7) if number >> 7 else low


def message(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


@pytest.fixture
def dcase_pickle(monkeypatch):
    """Pickles as the DCASE evaluation's are: a dictionary of TensorFlow's Feature messages."""
    module = types.ModuleType("tensorflow.core.example.feature_pb2")

    class Feature:
        def __init__(self, serialized: bytes):
            self.serialized = serialized

        def __reduce__(self):
            return Feature.__new__, (Feature,), {"serialized": self.serialized}

        def __reduce_ex__(self, protocol):
            return object.__reduce_ex__(self, protocol)

    Feature.__module__, Feature.__qualname__ = module.__name__, "Feature"
    del Feature.__reduce__, Feature.__reduce_ex__
    module.Feature = Feature
    for name in ("tensorflow", "tensorflow.core", "tensorflow.core.example"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def floats(values: np.ndarray) -> Feature:
        return Feature(message(2, message(1, struct.pack(f"<{values.size}f", *values.flatten()))))

    def integer(value: int) -> Feature:
        return Feature(message(3, message(1, varint(value))))

    def write(path: Path, statistics: GaussianStatistics) -> Path:
        content = {
            "embedding_count": integer(statistics.count),
            "embedding_length": integer(statistics.mean.size),
            "mu": floats(statistics.mean),
            "sigma": floats(statistics.covariance),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(content, protocol=4))
        return path

    return write


def test_statistics_come_back_from_their_file(tmp_path):
    classes = {category: gaussian(int(category)) for category in Category}
    file = ReferenceStatistics(classes, "aisfx").save(tmp_path / "reference.safetensors")
    again = load_statistics(file)
    assert holds_statistics(file)
    assert again.embedder == "aisfx"
    for category in Category:
        assert frechet_distance(again.classes[category], classes[category]) < 1e-9
        assert again.classes[category].count == 50


def test_the_statistics_of_the_dcase_evaluation_are_read_from_its_repository(tmp_path, dcase_pickle):
    for category in Category:
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in category.name).strip("_")
        dcase_pickle(tmp_path / "data" / "eval" / name / "gt_embedding.pkl", gaussian(int(category)))
    assert holds_statistics(tmp_path)
    reference = load_statistics(tmp_path)
    assert reference.embedder == "vggish-dcase"
    np.testing.assert_allclose(reference.classes[Category.Rain].mean, gaussian(5).mean, rtol=1e-6)
    np.testing.assert_allclose(reference.classes[Category.Rain].covariance, gaussian(5).covariance, rtol=1e-6)
    assert reference.classes[Category.Rain].count == 50


def test_numbers_longer_than_a_byte_are_read_whole(tmp_path, dcase_pickle):
    wide = gaussian(dimension=300)
    many = GaussianStatistics.from_covariance(wide.mean, wide.covariance, 1000)
    read = read_dcase(dcase_pickle(tmp_path / "gt_embedding.pkl", many))
    assert read.count == 1000
    assert read.mean.shape == (300,)


class Bomb:
    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickle_that_would_run_something_is_refused_and_runs_nothing(tmp_path):
    (tmp_path / "bomb.pkl").write_bytes(pickle.dumps({"mu": Bomb(tmp_path / "ran")}))
    with pytest.raises(ValueError, match="was not read"):
        read_dcase(tmp_path / "bomb.pkl")
    np.savez(tmp_path / "bomb.npz", mu=np.array([Bomb(tmp_path / "ran")], dtype=object), sigma=np.eye(1))
    with pytest.raises(ValueError, match="plain arrays mu and sigma"):
        read_npz(tmp_path / "bomb.npz")
    assert not (tmp_path / "ran").exists()


def test_an_npz_of_mu_and_sigma_is_read(tmp_path):
    np.savez(tmp_path / "Rain.npz", mu=gaussian().mean, sigma=gaussian().covariance)
    assert frechet_distance(read_npz(tmp_path / "Rain.npz"), gaussian()) < 1e-9


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"mu": np.zeros(3)}, "plain arrays mu and sigma"),
        ({"mu": np.zeros(3), "sigma": np.eye(4)}, "covariance of"),
        ({"mu": np.full(3, np.nan), "sigma": np.eye(3)}, "NaN"),
    ],
)
def test_an_npz_of_something_else_is_one_sentence(tmp_path, arrays, sentence):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=sentence):
        read_npz(tmp_path / "a.npz")


def test_a_missing_class_is_named(tmp_path):
    np.savez(tmp_path / "Rain.npz", mu=gaussian().mean, sigma=gaussian().covariance)
    with pytest.raises(ValueError, match="no statistics of DogBark, Footstep"):
        load_statistics(tmp_path)


def test_another_file_is_no_reference(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.safetensors").write_bytes(b"b")
    for name, sentence in (("a.txt", "is no reference"), ("b.safetensors", "does not hold")):
        with pytest.raises(ValueError, match=sentence):
            load_statistics(tmp_path / name)


def test_statistics_of_another_embedder_are_refused():
    reference = ReferenceStatistics({category: gaussian() for category in Category}, "vggish-dcase")
    reference.check_embedder("vggish-dcase", 4)
    for name, dimension in (("aisfx", 4), ("vggish-dcase", 5)):
        with pytest.raises(ValueError, match="choose it with --embedder"):
            reference.check_embedder(name, dimension)


def test_a_folder_of_recordings_holds_no_statistics(dataset_folder):
    assert not holds_statistics(dataset_folder)
