"""How fast the chain is here: the sampler of every preset against the plain loop, and the stages of a model.

Every measurement runs in a process of its own, so that its peak memory is its own. Ratios, not seconds, are what
can be compared between machines.
"""

import json
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from foley.categories import Category
from foley.checkpoints import load_stage, read_config
from foley.models.pixelsnail import PixelSNAIL
from foley.models.prior import Prior, make_prior
from foley.pipeline import Foley
from foley.presets import PRESETS, Preset
from foley.resources import SHIPPED_MODEL
from foley.sampling import Sampler

BATCHES = (1, 4, 8)
PLAIN_CODES = 50  # of the plain loop, timed and extrapolated
LONG_S = 5  # a run that long is its own mean
MEMORY_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes that getrusage counts in


@dataclass
class PresetTimes:
    """Seconds of sampling one clip's codes with the prior of a preset."""

    preset: str
    grid: tuple[int, int]
    parameters: int
    trained: bool
    backend: str
    clip_s: float
    plain_s: float  # the plain loop's seconds a clip, extrapolated
    plain_codes: int  # so many of them were timed
    batches: dict[int, float]  # seconds of sampling so many clips at once
    peak_bytes: int

    @property
    def seconds(self) -> float:
        return self.batches[1]

    @property
    def ratio(self) -> float:
        """The speedup over the plain loop."""
        return self.plain_s / self.seconds


@dataclass
class Benchmark:
    """All that was measured, and where."""

    machine: dict[str, Any]
    presets: list[PresetTimes] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)  # seconds of each stage of the model, for one clip

    def to_json(self) -> str:
        presets = [asdict(times) | {"ratio": times.ratio} for times in self.presets]
        return json.dumps({"machine": self.machine, "presets": presets, "stages": self.stages}, indent=2) + "\n"

    def to_markdown(self) -> str:
        """Tables for people: presets, stages."""
        lines = [
            ", ".join(f"{name} {value}" for name, value in self.machine.items()) + ".",
            "",
            "| prior | codes | weights | a clip | real-time factor | plain loop | speedup | "
            + " | ".join(f"{batch} at once" for batch in BATCHES[1:])
            + " | peak memory |",
            "|---" * (8 + len(BATCHES)) + "|",
        ]
        for times in self.presets:
            many = [f"{times.batches[b]:.2f} s ({times.batches[b] / times.seconds:.1f} x)" for b in BATCHES[1:]]
            cells = (
                times.preset,
                f"{times.grid[0]} x {times.grid[1]}",
                f"{times.parameters / 1e6:.1f} M, {'trained' if times.trained else 'random'}",
                f"{times.seconds:.2f} s",
                f"{times.seconds / times.clip_s:.2f}",
                f"{times.plain_s:,.0f} s",
                f"{times.ratio:,.0f} x",
                *many,
                f"{times.peak_bytes / 2**30:.2f} GiB",
            )
            lines.append("| " + " | ".join(cells) + " |")
        counts = " and ".join(str(count) for count in sorted({times.plain_codes for times in self.presets}))
        lines += [
            "",
            f"The plain loop is timed on {counts} codes spread over the grid and extrapolated to all.",
        ]
        if self.stages:
            lines += ["", "| one clip | seconds |", "|---|---|"]
            lines += [f"| {name} | {seconds:.3f} |" for name, seconds in self.stages.items()]
        return "\n".join(lines) + "\n"


def run_benchmark(
    names: list[str] | None = None,
    plain_codes: int = PLAIN_CODES,
    checkpoint: str | Path = SHIPPED_MODEL,
    on_progress: Callable[[str], None] = lambda what: None,
) -> Benchmark:
    """Measure presets (all by default) and, where the checkpoint's own preset is among them, its stages.

    `on_progress(what)` is called before every measurement. Raises ValueError for a preset there is not.
    """
    names = list(PRESETS) if names is None else names
    unknown = [name for name in names if name not in PRESETS]
    if unknown:
        raise ValueError(f"There is no preset {unknown[0]!r}: choose from {', '.join(PRESETS)}.")
    trained = read_config(Path(checkpoint))[0].name
    result = Benchmark(
        {
            "processor": _processor(),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "Python": platform.python_version(),
        }
    )
    for name in names:
        weights = Path(checkpoint) if name == trained else None
        on_progress(f"{name}: sampler")
        measured = _alone(measure_sampler, name, weights)
        on_progress(f"{name}: plain loop")
        plain_s, timed = _alone(measure_plain, name, weights, plain_codes)
        result.presets.append(PresetTimes(plain_s=plain_s, plain_codes=timed, **measured))
    if trained in names:
        on_progress(f"{trained}: stages")
        result.stages = _alone(measure_stages, Path(checkpoint))
    return result


def measure_sampler(name: str, checkpoint: Path | None) -> dict[str, Any]:
    """Seconds of the incremental sampler at every batch size, and this process's peak memory."""
    preset, model = build_prior(name, checkpoint)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    sampler = Sampler(model)
    for _ in _rows(sampler, max(BATCHES), 2):  # compiles, and touches the weights
        pass
    batches = {batch: _typical(lambda batch=batch: list(_rows(sampler, batch))) for batch in BATCHES}
    return {
        "preset": name,
        "grid": preset.grid,
        "parameters": parameters,
        "trained": checkpoint is not None,
        "backend": type(sampler.backend).__name__,
        "clip_s": preset.audio.duration_s,
        "batches": batches,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MEMORY_UNIT,
    }


@torch.inference_mode()
def measure_plain(name: str, checkpoint: Path | None, codes: int) -> tuple[float, int]:
    """Seconds a clip of the loop that calls the whole network on all rows so far for every code; and codes timed.

    The codes are spread evenly over the grid, so their mean is a clip's mean. A diffusion prior calls its whole network
    in every step anyway: that is its plain loop.
    """
    _, model = build_prior(name, checkpoint)
    height, width = model.scan_shape
    total = height * width
    if not isinstance(model, PixelSNAIL):
        return _seconds(lambda: list(_rows(Sampler(model), 1))), total
    codes = min(codes, total)
    grid = torch.randint(model.codebook_size, (1, height, width), generator=torch.Generator().manual_seed(0))
    category = torch.tensor([0])
    model.scan_logits(grid[:, :1], category)  # the first call makes torch's own preparations
    seconds = 0.0
    for number in range(codes):
        row = int((number + 0.5) * total / codes) // width
        seconds += _seconds(lambda row=row: model.scan_logits(grid[:, : row + 1], category))
    return seconds / codes * total, codes


def measure_stages(checkpoint: Path) -> dict[str, float]:
    """Seconds of every stage of a model for one clip, warm, the best of three."""
    began = time.perf_counter()
    foley = Foley.from_pretrained(checkpoint)
    result = {"open the model": time.perf_counter() - began}
    result["first take, with compiling or its cache"] = _seconds(lambda: foley.generate(Category.DogBark, seed=1))
    take = foley.generate(Category.DogBark, seed=2)[0]
    codes, clip = take.codes, take.waveform.unsqueeze(0)
    cembed = foley.cembed(clip)
    best = {
        "prior": lambda: list(foley.sampler.sample([0], [3])),
        "decode and vocode": lambda: foley.decode(codes),
        "whole take": lambda: foley.generate(Category.DogBark, seed=4),
        "eight takes": lambda: foley.generate(Category.DogBark, seed=5, count=8),
        "CEmbed of a recording": lambda: foley.cembed(clip),
        "encode to codes": lambda: foley.vqvae.encode(cembed),
        "reconstruct a recording": lambda: foley.reconstruct(take.waveform),
    }
    for what, function in best.items():
        with torch.inference_mode():
            result[what] = min(_seconds(function) for _ in range(3))
    return result


def build_prior(name: str, checkpoint: Path | None) -> tuple[Preset, Prior]:
    """The prior of a preset at full size: of a checkpoint, or with random weights."""
    preset = read_config(checkpoint)[0] if checkpoint else PRESETS[name]
    torch.manual_seed(0)
    model = make_prior(preset)
    return preset, (load_stage(checkpoint, "prior", model) if checkpoint else model).eval()


def _rows(sampler: Sampler, batch: int, rows: int | None = None) -> Iterator[None]:
    """Sample a batch, or only its first rows."""
    width = sampler.model.scan_shape[1]
    for progress in sampler.sample([k % len(Category) for k in range(batch)], list(range(batch))):
        if rows is not None and progress.done >= rows * width:
            return
        yield


def _seconds(function: Callable[[], Any]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def _typical(function: Callable[[], Any]) -> float:
    """The median of three runs, since a short one may meet a neighbour on the machine; of long ones, one."""
    first = _seconds(function)
    return first if first > LONG_S else statistics.median([first, _seconds(function), _seconds(function)])


def _alone(function: Callable, *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
