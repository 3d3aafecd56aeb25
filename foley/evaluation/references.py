"""What sounds are compared with: recordings, or saved statistics of recordings, a set for each class."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from foley.categories import Category
from foley.evaluation.metrics.frechet import GaussianStatistics
from foley.evaluation.published import DCASE_EMBEDDER, read_dcase, read_npz
from foley.system.files import replacing

DCASE_FOLDER = Path("data") / "eval"
READERS: dict[str, Callable[[Path], GaussianStatistics]] = {
    ".safetensors": GaussianStatistics.load,
    ".npz": read_npz,
    ".pkl": read_dcase,
}


@dataclass(frozen=True, eq=False)
class ReferenceStatistics:
    """The statistics of the reference set of every class, and the embedder it is of ("" where nobody says)."""

    classes: dict[Category, GaussianStatistics]
    embedder: str

    def save(self, path: str | Path) -> Path:
        """Write one `.safetensors` file with all classes."""
        path = Path(path)
        content = {}
        for category, statistics in self.classes.items():
            content |= statistics.tensors(f"{category.name}.")
        with replacing(path) as temporary:
            save_file(content, temporary, metadata={"embedder": self.embedder})
        return path

    def check_embedder(self, name: str, dimension: int) -> None:
        """Raise ValueError unless embeddings of that embedder can be compared with these."""
        sizes = {statistics.mean.size for statistics in self.classes.values()}
        if (self.embedder and self.embedder != name) or sizes != {dimension}:
            whose = self.embedder or f"an embedder of {sizes.pop()} dimensions"
            raise ValueError(f"The reference statistics are of {whose}, not of {name}: choose it with --embedder.")


def holds_statistics(path: str | Path) -> bool:
    """Whether a reference is saved statistics rather than recordings."""
    path = Path(path)
    return path.is_file() or bool(_class_files(path))


def load_statistics(path: str | Path) -> ReferenceStatistics:
    """Statistics of all classes: one `.safetensors` file as `save` writes it, or a folder of files.

    A folder holds, for each class, a file named after it or a folder named after it with one file inside:
    `.safetensors`, `.npz` (`mu` and `sigma`), or the `.pkl` of the DCASE 2023 Task 7 evaluation, whose repository may
    be given as it is. Raises ValueError when a class is missing or a file is none of these.
    """
    path = Path(path)
    if path.is_file():
        return _load_file(path)
    files = _class_files(path)
    classes = {category: READERS[files[category].suffix](files[category]) for category in Category if category in files}
    _check_complete(path, classes)
    dcase = all(file.suffix == ".pkl" for file in files.values())
    return ReferenceStatistics(classes, DCASE_EMBEDDER if dcase else "")


def _load_file(path: Path) -> ReferenceStatistics:
    if path.suffix != ".safetensors":
        raise ValueError(f"{path} is no reference: give a folder of recordings or a .safetensors file of statistics.")
    try:
        with safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            embedder = (file.metadata() or {}).get("embedder", "")
        classes = {
            category: GaussianStatistics.from_tensors(tensors, f"{category.name}.")
            for category in Category
            if f"{category.name}.mean" in tensors
        }
    except (SafetensorError, OSError, KeyError):
        raise ValueError(f"{path} does not hold the statistics of reference sets.") from None
    _check_complete(path, classes)
    return ReferenceStatistics(classes, embedder)


def _class_files(folder: Path) -> dict[Category, Path]:
    """The file of statistics of each class that has one."""
    if (folder / DCASE_FOLDER).is_dir():
        folder = folder / DCASE_FOLDER
    files = {}
    for place in sorted(folder.iterdir()) if folder.is_dir() else []:
        found = [place] if place.suffix in READERS else []
        if place.is_dir():
            found = sorted(file for file in place.iterdir() if file.suffix in READERS)
        try:
            category = Category.parse(place.stem if found and found[0] == place else place.name)
        except ValueError:
            continue
        if found:
            files[category] = found[0]
    return files


def _check_complete(path: Path, classes: dict[Category, GaussianStatistics]) -> None:
    missing = [category.name for category in Category if category not in classes]
    if missing:
        raise ValueError(f"{path} has no statistics of {', '.join(missing)}.")
