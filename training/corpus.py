"""The training corpus as arrays: waveforms in several variations, their CEmbeds, their codes; each computed once."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from accelerate import PartialState
from torch import Tensor, nn
from tqdm import tqdm

from foley.categories import Category
from foley.dataset import TRAIN, VALIDATION, Clip, Dataset, clip_digest, clip_waveform, load_dataset
from foley.features.cembed import CEmbed
from foley.licences import PERMISSIVE
from foley.models.vqvae import VQVAE
from foley.system.files import read_json, write_json
from foley.system.threads import in_threads
from training.augment import noise_floor, unclipped, vary_recording
from training.cache import digest
from training.recompose import EVENTFUL, recompose
from training.run import Run

PCM = 32767.0
DATASET = "dataset.json"


class Corpus:
    """The clips of a run's dataset. Arrays have the shape (views, clips, ...); view 0 is the recording itself.

    Networks hear them with a noise floor and learn to give them back without: `floor` says which. What is computed of
    them is computed on `device`.
    """

    def __init__(self, run: Run, device: torch.device | str = "cpu"):
        self.run, self.preset, self.device = run, run.preset, torch.device(device)
        with tqdm(desc="reading recordings", unit="clip", leave=False, delay=1) as bar:

            def check(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            self.dataset = dataset_of(run, check)
        clips = self.dataset.clips
        if PartialState().is_main_process:
            remember(self.dataset, run)
        self.categories = torch.tensor([int(clip.category) for clip in clips])
        self.train = torch.tensor([i for i, clip in enumerate(clips) if clip.split == TRAIN])
        self.validation = torch.tensor([i for i, clip in enumerate(clips) if clip.split == VALIDATION])
        contents = list(in_threads(clip_digest, clips))
        self.validation_key = digest([contents[i] for i in self.validation.tolist()])
        self.augmentation = run.preset.training.augmentation
        self.key = [
            contents,
            [self.augmentation.speed_semitones, self.augmentation.gain_db, self.augmentation.delay_s],
            asdict(run.preset.audio),
            run.options.seed,
        ]
        if self.augmentation.recomposed_views:  # caches of before there was this setting stay valid
            self.key.append(self.augmentation.recomposed_views)
        if not len(self.train) or not len(self.validation):
            raise ValueError(f"{run.options.data} has too few recordings to hold some back for validation.")

    def balanced(self) -> Tensor:
        """The training clips, those of smaller classes again until all classes with clips are equally large."""
        classes = [self.train[self.categories[self.train] == int(category)] for category in Category]
        largest = max(map(len, classes))
        return torch.cat([clips.repeat(-(-largest // len(clips)))[:largest] for clips in classes if len(clips)])

    def waveforms(self, floor: bool) -> np.ndarray:
        """(views, clips, samples) int16, with or without a noise floor; a recipe may have none at all."""
        audio, views = self.preset.audio, self.run.views
        floor = floor and self.augmentation.noise_floor
        shape = (views, len(self.dataset.clips), audio.samples)

        def fill(array: np.ndarray) -> None:
            def fill_clip(i: int) -> None:
                waveform = clip_waveform(self.dataset.clips[i], audio)
                for view in range(views):
                    random = np.random.default_rng([self.run.options.seed, view, i])
                    varied = unclipped(waveform)
                    if view > 0:
                        source = self._recomposed(i, waveform, view, random)
                        varied = vary_recording(source, audio.sample_rate, random, self.augmentation)
                    if floor:
                        varied = varied + noise_floor(varied.shape[0], random)
                    array[view, i] = (varied.clamp(-1, 1) * PCM).round().numpy().astype(np.int16)

            done = in_threads(fill_clip, range(shape[1]))
            for _ in tqdm(done, desc="varying recordings", unit="clip", total=shape[1]):
                pass

        return self.run.cache.array(f"waveforms{_suffix(floor)}", self.key, shape, "int16", fill)

    def _recomposed(self, clip: int, waveform: Tensor, view: int, random: np.random.Generator) -> Tensor:
        """The recording; in the last views, where a recipe asks for it, its sequence with the sounds of another."""
        category, split = self.dataset.clips[clip].category, self.dataset.clips[clip].split
        if view < self.run.views - self.augmentation.recomposed_views or category not in EVENTFUL:
            return waveform
        others = [other for other in self.dataset.clips if (other.category, other.split) == (category, split)]
        other = clip_waveform(others[random.integers(len(others))], self.preset.audio)
        found = recompose(waveform, other, self.preset.audio.sample_rate, random)
        return waveform if found is None else unclipped(found)

    def cembeds(self, cembed: CEmbed, floor: bool) -> np.ndarray:
        """Standardised CEmbeds (views, clips, rows, frames) float16 of the waveforms with or without a noise floor."""
        floor = floor and self.augmentation.noise_floor
        waveforms = self.waveforms(floor)
        shape = (*waveforms.shape[:2], self.preset.rows, self.preset.frames)
        encoder = asdict(self.preset.encoder)
        for later in ("normalize", "compression_channels"):  # caches of before there was this setting stay valid
            if not encoder[later]:
                del encoder[later]
        key = [self.key, asdict(self.preset.mel), encoder, fingerprint(cembed)]

        def fill(array: np.ndarray) -> None:
            self.map(waveforms, array, lambda pcm: cembed(to_float(pcm)), "CEmbeds", cembed)

        return self.run.cache.array(f"cembeds{_suffix(floor)}", key, shape, "float16", fill)

    def codes(self, cembed: CEmbed, vqvae: VQVAE) -> np.ndarray:
        """Codes (views, clips, rows, frames) int16 of the CEmbeds with a noise floor."""
        cembeds = self.cembeds(cembed, floor=True)
        shape = (*cembeds.shape[:2], *self.preset.grid)
        before_codes = fingerprint(vqvae.encoder, vqvae.to_code, vqvae.quantizer)  # the decoder changes no code
        key = [self.key, asdict(self.preset.vqvae), fingerprint(cembed), before_codes]

        def fill(array: np.ndarray) -> None:
            self.map(cembeds, array, lambda batch: vqvae.encode(batch.float()), "codes", vqvae)

        return self.run.cache.array("codes", key, shape, "int16", fill)

    def levels(self, floor: bool) -> np.ndarray:
        """The level of each column of codes in dBFS, (views, clips, columns) float32, of the waveforms."""
        waveforms, columns = self.waveforms(floor), self.preset.grid[1]

        def fill(array: np.ndarray) -> None:
            def fill_clip(clip: int) -> None:
                power = to_float(torch.from_numpy(np.array(waveforms[:, clip]))).square()
                mean = torch.nn.functional.adaptive_avg_pool1d(power, columns)
                array[:, clip] = (10 * mean.clamp(min=1e-10).log10()).numpy()

            list(in_threads(fill_clip, range(waveforms.shape[1])))

        shape = (*waveforms.shape[:2], columns)
        return self.run.cache.array(
            f"levels{_suffix(floor)}", [self.key, self.augmentation.noise_floor], shape, "float32", fill
        )

    @torch.inference_mode()
    def map(
        self,
        source: np.ndarray,
        target: np.ndarray,
        function: Callable[[Tensor], Tensor],
        what: str,
        module: nn.Module,
        batch: int = 8,
    ) -> None:
        """Fill an array (views, clips, ...) with what a function makes of another's batches, by means of a module."""
        jobs = [(v, i) for v in range(source.shape[0]) for i in range(0, source.shape[1], batch)]
        module.to(self.device)
        for view, i in tqdm(jobs, desc=f"computing {what}", unit="batch"):
            result = function(torch.from_numpy(np.array(source[view, i : i + batch])).to(self.device))
            target[view, i : i + batch] = result.cpu().numpy().astype(target.dtype)
        module.cpu()


def _suffix(floor: bool) -> str:
    return "" if floor else "-without-floor"


def dataset_of(run: Run, check: Callable | None = None) -> Dataset:
    """The recordings a run is trained on: of all licences, or of those it was asked to use. Raises ValueError."""
    dataset = load_dataset(run.options.data, run.preset.audio, check)
    return dataset.permissive() if run.options.licences == PERMISSIVE else dataset


def remember(dataset: Dataset, run: Run) -> None:
    """Note in the run's folder what it is trained on, for its card: the recordings may be gone by then."""
    clips = [{**vars(clip), "path": str(clip.path), "category": clip.category.name} for clip in dataset.clips]
    for clip in clips:
        del clip["packed"]
    write_json(run.folder / DATASET, {"clips": clips, "left_out": dataset.left_out})


def recall(run: Run) -> Dataset:
    """What a run was last trained on. Raises ValueError when neither the note nor the recordings are there."""
    noted = read_json(run.folder / DATASET)
    if not noted:
        return dataset_of(run)
    clips = [
        Clip(**{**clip, "path": Path(clip["path"]), "category": Category.parse(clip["category"])})
        for clip in noted["clips"]
    ]
    return Dataset(clips, [tuple(pair) for pair in noted["left_out"]])


def to_float(pcm: Tensor) -> Tensor:
    """16-bit samples as float32 in -1 ... 1."""
    return pcm.float() / PCM


def fingerprint(*modules: nn.Module) -> str:
    """A short name of some modules' exact weights."""
    content = hashlib.sha256()
    for module in modules:
        for name, value in module.state_dict().items():
            content.update(name.encode())
            content.update(value.detach().cpu().contiguous().numpy().tobytes())
    return content.hexdigest()[:16]
