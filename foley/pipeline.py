"""`Foley`: the whole chain in one object, the only class that most users of the library ever touch."""

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from threading import Lock, Thread

import numpy as np
import torch
from torch import Tensor

from foley.audio.files import fit_length, from_array, read_audio
from foley.audio.limiter import limit
from foley.categories import Category
from foley.checkpoints import (
    Networks,
    checkpoint_hash,
    find_checkpoint,
    read_config,
    read_licence,
    read_networks,
)
from foley.conditions.asked import Asked
from foley.conditions.controls import Controls
from foley.conditions.fader import ride
from foley.presets import ClassCalibration, Preset
from foley.resources import SHIPPED_MODEL
from foley.sampling import TOP_P, Progress, Sampler, SamplingSettings
from foley.sampling.asked_takes import controls_of
from foley.sampling.noise import check_seed, grainy_noise
from foley.sampling.usual import drawn_of
from foley.sampling.windows import sample_windows
from foley.system.devices import choose_device
from foley.system.files import shown
from foley.system.threads import deterministic_threads
from foley.takes.edits import LONGEST_S, Edit, continuation, region, siblings
from foley.takes.recipe import Recipe, RecipeError
from foley.takes.take import Reconstruction, Take

CEILING = 0.99  # peaks above are turned down for a moment, never clipped: recordings of shots reach it all the time
MOST_TAKES = 64


class Foley:
    """Class, temperature and seed to sound; and recordings to codes and back.

    Build it with `Foley.from_pretrained`. Categories may be given in any usual spelling or by id.
    """

    def __init__(
        self,
        preset: Preset,
        networks: Networks,
        name: str = "untitled",
        licence: str = "not stated",
        device: str | torch.device = "cpu",
        sampler_backend: str = "auto",
    ):
        self.preset, self.name, self.licence, self.device = preset, name, licence, torch.device(device)
        for network in networks:
            network.eval().to(self.device)
        self.cembed, self.vqvae, self.prior, self.vocoder = networks
        self._sampler, self._building = None, Lock()
        if sampler_backend != "auto":  # which may not be there; of `auto` there always is one
            self._sampler = Sampler(self.prior, sampler_backend)

    @classmethod
    def from_pretrained(
        cls, path_or_hub_name: str | Path = SHIPPED_MODEL, device: str = "auto", sampler_backend: str = "auto"
    ) -> "Foley":
        """The model of a checkpoint folder or of a name on the Hugging Face hub; the shipped one by default.

        `device` is `auto`, `cpu`, `cuda` or `mps`. Raises CheckpointError when the checkpoint is missing, broken or
        none of ours, and ValueError when the device is not there.
        """
        folder = find_checkpoint(path_or_hub_name)
        preset, _ = read_config(folder)
        return cls(
            preset,
            read_networks(folder, preset),
            name=f"{folder.name}@{checkpoint_hash(folder)}",
            licence=read_licence(folder),
            device=choose_device(device),
            sampler_backend=sampler_backend,
        )

    def warm_up(self) -> Thread:
        """Generate a take in the background and drop it, so that the first one asked for need not wait for compiling.

        The sampler is compiled once after its installation, for tens of seconds, and once more when it changes.
        """

        def warm() -> None:
            import scipy.ndimage  # noqa: F401  with which takes are finished: imported when it is needed first

            _ = self.generate(Category.Rain)[0].is_nearly_silent

        thread = Thread(target=warm, daemon=True)
        thread.start()
        return thread

    @property
    def sampler(self) -> Sampler:
        """What samples codes, built when it is first asked for."""
        with self._building:
            self._sampler = self._sampler or Sampler(self.prior)
            return self._sampler

    @property
    def sample_rate(self) -> int:
        return self.preset.audio.sample_rate

    def generate(
        self,
        category: str | int | Category,
        seed: int = 0,
        temperature: float = 1.0,
        count: int = 1,
        top_k: int = 0,
        top_p: float = TOP_P,
        progress: Callable[[int, int], None] | None = None,
        asked: Asked | None = None,
    ) -> list[Take]:
        """`count` new takes of a class, with the seeds `seed`, `seed + 1`, ...; each as it would be alone.

        `asked` is what they are asked for beside the class. `progress(done, total)` is called with the number of
        codes. Raises ValueError for a class, seed, temperature or count that cannot be, and for what this model was
        not taught to hear.
        """
        settings = SamplingSettings(temperature, top_k, top_p)
        return _takes(self.stream(category, seed, settings=settings, count=count, asked=asked), progress)

    def stream(
        self,
        category: str | int | Category,
        seed: int = 0,
        count: int = 1,
        settings: SamplingSettings | None = None,
        asked: Asked | None = None,
        given: Tensor | None = None,
        keep: Tensor | None = None,
    ) -> Iterator[Progress | Take]:
        """As `generate`, step by step: progress of the codes while they are sampled, then the takes one by one.

        Codes of `given` (rows, frames) stay where `keep` (rows, frames) is True. Closing the iterator stops the work.
        """
        category, seeds = Category.parse(category), _seeds(seed, count)
        if given is None or keep is None:
            given, keep = torch.full(self.preset.grid, -1), torch.zeros(self.preset.grid, dtype=torch.bool)
        edit = Edit(given.expand(count, -1, -1), keep.expand(count, -1, -1), "")
        asked = asked or Asked()
        recipe = replace(self._recipe(category, settings or SamplingSettings(), given), asked=asked)
        return self._sample(edit, [self._seeded(recipe, seed) for seed in seeds])

    def siblings(self, take: Take, distance: float, seed: int, count: int = 1, **changes: float) -> list[Take]:
        """Near relatives of a take: the share `distance` of its codes is drawn anew, the rest stays.

        `changes` may name another temperature, top_k or top_p than the take's. Raises ValueError as `generate` does.
        """
        return _takes(self.stream_siblings(take, distance, seed, count, **changes))

    def stream_siblings(
        self, take: Take, distance: float, seed: int, count: int = 1, **changes: float
    ) -> Iterator[Progress | Take]:
        """As `siblings`, step by step."""
        seeds = _seeds(seed, count)
        return self._edit(take, siblings(take.codes, distance, seeds), seeds, changes)

    def redraw(
        self, take: Take, rows: tuple[int, int], frames: tuple[int, int], seed: int, count: int = 1, **changes: float
    ) -> list[Take]:
        """A take with a box of its codes drawn anew: rows and frames from the first up to before the last."""
        return _takes(self.stream_region(take, rows, frames, seed, count, **changes))

    def stream_region(
        self, take: Take, rows: tuple[int, int], frames: tuple[int, int], seed: int, count: int = 1, **changes: float
    ) -> Iterator[Progress | Take]:
        """As `redraw`, step by step."""
        seeds = _seeds(seed, count)
        return self._edit(take, region(take.codes, rows, frames, count), seeds, changes)

    def continue_(self, take: Take, duration_s: float, seed: int, count: int = 1, **changes: float) -> list[Take]:
        """A take going on for `duration_s` seconds in all, 30 at most.

        Its own codes stay; what is drawn follows from half a clip before it. The last code may reach further than is
        asked for: the sound does not.
        """
        return _takes(self.stream_continuation(take, duration_s, seed, count, **changes))

    def stream_continuation(
        self, take: Take, duration_s: float, seed: int, count: int = 1, **changes: float
    ) -> Iterator[Progress | Take]:
        """As `continue_`, step by step."""
        seeds = _seeds(seed, count)
        longer = continuation(take.codes, duration_s, self.codes_per_second, count)
        samples = round(duration_s * self.sample_rate)
        recipe = replace(take.recipe, samples=samples if samples % self._hop else None)
        return self._edit(replace(take, recipe=recipe), longer, seeds, changes)

    def remake(self, recipe: Recipe) -> Take:
        """The take of a recipe, the same samples. Raises RecipeError when another model made it."""
        if recipe.model.split("@")[-1] != self.name.split("@")[-1]:
            raise RecipeError(f"The take was made by the model {recipe.model}, and this is {self.name}: load that one.")
        if recipe.codes.shape[0] != self.preset.grid[0] or int(recipe.codes.max()) >= self.preset.vqvae.codebook_size:
            raise RecipeError("The recipe's codes do not fit the model: it was changed or cut off.")
        if recipe.codes.shape[1] * self._hop / self.sample_rate >= LONGEST_S + self._hop / self.sample_rate:
            raise RecipeError(f"The recipe is of a sound of more than {LONGEST_S:g} s, the longest that is made.")
        return self._take(self._mine(recipe))

    def recall(self, recipe: Recipe, waveform: Tensor, sample_rate: int) -> Take:
        """The take of a recipe; where another model made it, as it was saved: its samples (samples,), its codes, and
        the CEmbed that this model hears in them. It cannot be edited then.
        """
        try:
            return self.remake(recipe)
        except RecipeError:
            heard = from_array(waveform.numpy(), sample_rate, self.sample_rate)
            with torch.inference_mode():
                cembed = self.cembed(heard.unsqueeze(0).to(self.device))[0].cpu()
            return Take(waveform, sample_rate, cembed, replace(recipe, title="", export={}))

    def take_of(
        self,
        recording: str | Path | Tensor | tuple[int, np.ndarray],
        category: str | int | Category | None = None,
        start_s: float = 0.0,
    ) -> Take:
        """A recording as a take, so that it can be edited; of the class given, else of the one it is heard as. Of a
        file the part from `start_s` on is taken.
        """
        result = self.reconstruct(recording, start_s=start_s)
        heard = max(result.class_shares, key=result.class_shares.get, default=Category(0))
        category = heard if category is None else Category.parse(category)
        name = shown(recording) if isinstance(recording, str | Path) else "a recording"
        recipe = self._recipe(category, SamplingSettings(), result.codes)
        return self._take(replace(recipe, edits=(f"from {name}",)))

    def _edit(self, take: Take, edit: Edit, seeds: list[int], changes: dict) -> Iterator[Progress | Take]:
        """An edit of a take, with its noise and its drawn knobs, so that what it leaves alone stays."""
        settings = SamplingSettings(**asdict(take.recipe.sampling) | changes)
        edits = (*take.recipe.edits, edit.words)
        recipe = replace(self._mine(take.recipe), **asdict(settings), edits=edits)
        return self._sample(edit, [replace(recipe, seed=seed) for seed in seeds])

    def _sample(self, edit: Edit, recipes: list[Recipe]) -> Iterator[Progress | Take]:
        """Progress, then a take for each recipe, with the codes that were drawn. The recipes differ in their seeds
        and drawn knobs alone.
        """
        categories, seeds = [int(recipe.category) for recipe in recipes], [recipe.seed for recipe in recipes]
        codes, controls = edit.codes, self._controls(recipes, edit.codes.shape[2])
        what = categories, seeds, recipes[0].sampling, edit.codes, edit.keep, controls
        with closing(sample_windows(self.sampler, *what)) as events:
            for event in events:
                codes = event.codes
                yield event
        for recipe, grid in zip(recipes, codes, strict=True):
            yield self._take(replace(recipe, codes=grid.cpu()))

    @property
    def codes_per_second(self) -> float:
        """Columns of codes in a second of sound."""
        return self.sample_rate / self._hop

    @property
    def hears_knobs(self) -> bool:
        """Whether its prior was taught knobs."""
        return self.preset.prior.knob_bins > 0

    @property
    def hears_contours(self) -> bool:
        """Whether its prior was taught how loud each column is to be, and where sounds begin."""
        return self.preset.prior.contour

    def _seeded(self, recipe: Recipe, seed: int) -> Recipe:
        """The recipe of a new take: its seed, its noise, and what was drawn for it."""
        knobs, contour_of = drawn_of(self.prior, recipe.category, recipe.asked, seed)
        return replace(recipe, seed=seed, noise_seed=seed, drawn=knobs, contour_of=contour_of)

    def _controls(self, recipes: list[Recipe], columns: int) -> Controls | None:
        """What the prior hears. Raises ValueError where something is asked for that it was not taught."""
        asked = [recipe.asked for recipe in recipes]
        knobs = any(each.knobs for each in asked) and not self.hears_knobs
        if knobs or (any(each.has_contour for each in asked) and not self.hears_contours):
            what = "knobs" if knobs else "contours"
            raise ValueError(f"The model {self.name} hears no {what}: leave them out, or choose another model.")
        return controls_of(self.prior, recipes, columns)

    def _recipe(self, category: Category, settings: SamplingSettings, codes: Tensor) -> Recipe:
        made_by = {**asdict(settings), "model": self.name, "licence": self.licence}
        return Recipe(category=category, seed=0, noise_seed=0, codes=codes, **made_by)

    def _mine(self, recipe: Recipe) -> Recipe:
        """The recipe as one of this model, of the take as it is: no name, no export settings."""
        return replace(recipe, model=self.name, licence=self.licence, title="", export={})

    def _take(self, recipe: Recipe) -> Take:
        cembed, waveform = self.decode(recipe.codes, recipe.noise_seed, recipe.category)
        if recipe.asked.level_db:
            waveform = ride(waveform, recipe.asked.levels(recipe.codes.shape[1]), self.sample_rate, self._hop)
            waveform = limit(waveform, CEILING, self.sample_rate)
        return Take(waveform[: recipe.samples], self.sample_rate, cembed, recipe)

    @deterministic_threads
    @torch.inference_mode()
    def encode(self, recording: str | Path | Tensor | tuple[int, np.ndarray]) -> Tensor:
        """Codes (rows, frames) of a recording: a file, a tensor (samples,) or (channels,
        samples) at the model's rate, or (rate, array of samples).

        The first 4 s are taken, padded where it is shorter. Raises AudioError when it cannot be used.
        """
        return self.vqvae.encode(self.cembed(self._clip(recording)))[0].cpu()

    @deterministic_threads
    @torch.inference_mode()
    def decode(self, codes: Tensor, seed: int = 0, category: Category | None = None) -> tuple[Tensor, Tensor]:
        """CEmbed (rows, frames) and waveform (samples,) of codes (rows, frames); the seed gives the noise.
        Of a category, the waveform is calibrated as its takes are, else as the networks give it.
        """
        cembed = self.vqvae.decode(codes.unsqueeze(0).to(self.device))
        return cembed[0].cpu(), self.vocode(cembed, seed, self.preset.calibration.of(category))

    @deterministic_threads
    @torch.inference_mode()
    def reconstruct(
        self, recording: str | Path | Tensor | tuple[int, np.ndarray], seed: int = 0, start_s: float = 0.0
    ) -> Reconstruction:
        """A recording through CEmbed, codes and vocoder and back; of a file the part from `start_s` on. Takes and
        raises what `encode` does.
        """
        clip = self._clip(recording, start_s)
        cembed = self.cembed(clip)
        codes = self.vqvae.encode(cembed)
        decoded = self.vqvae.decode(codes)
        waveform = self.vocode(decoded, seed)
        logits = self.vqvae.class_logits(cembed)
        shares = {} if logits is None else dict(zip(Category, logits[0].softmax(0).tolist(), strict=True))
        again = self.cembed.log_mel(waveform.unsqueeze(0).to(self.device))
        return Reconstruction(
            original=clip[0].cpu(),
            waveform=waveform,
            sample_rate=self.sample_rate,
            cembed=cembed[0].cpu(),
            decoded=decoded[0].cpu(),
            codes=codes[0].cpu(),
            class_shares=shares,
            log_mel_l1=float((again - self.cembed.log_mel(clip)).abs().mean()),
        )

    @property
    def _stride(self) -> int:
        """CEmbed frames of a code."""
        return math.prod(frames for _, frames in self.preset.vqvae.strides)

    @property
    def _hop(self) -> int:
        """Samples of a code."""
        return self._stride * self.preset.mel.hop_length

    @deterministic_threads
    @torch.inference_mode()
    def vocode(self, cembed: Tensor, seed: int = 0, calibration: ClassCalibration | None = None) -> Tensor:
        """Waveform (samples,) of a CEmbed (1, rows, frames); one at a time, so that no take depends on its batch."""
        gain_db, grain = calibration or ClassCalibration()
        samples = cembed.shape[2] * self.preset.mel.hop_length
        noise = torch.from_numpy(grainy_noise(seed, samples, grain)).unsqueeze(0).to(self.device)
        waveform = self.vocoder(cembed, self.cembed.restore_mel(cembed), noise)[0].float().cpu() * 10 ** (gain_db / 20)
        clip = cembed.shape[2] // self._stride == self.preset.grid[1]  # whose length need not be whole frames
        waveform = fit_length(waveform, self.preset.audio.samples if clip else waveform.shape[0])
        if not torch.isfinite(waveform).all():
            raise ValueError(f"The model {self.name} gives sound that is no numbers: its weights are damaged.")
        return limit(waveform, CEILING, self.sample_rate)

    def _clip(self, recording: str | Path | Tensor | tuple[int, np.ndarray], start_s: float = 0.0) -> Tensor:
        audio = self.preset.audio
        if isinstance(recording, tuple):
            waveform = from_array(recording[1], recording[0], audio.sample_rate)
        elif isinstance(recording, Tensor):
            waveform = from_array(recording, audio.sample_rate, audio.sample_rate)
        else:
            waveform = read_audio(recording, audio.sample_rate, audio.duration_s, start_s)
        return fit_length(waveform, audio.samples).unsqueeze(0).to(self.device)


def _seeds(first: int, count: int) -> list[int]:
    first = check_seed(first)
    if not isinstance(count, int) or not 1 <= count <= MOST_TAKES:
        raise ValueError(f"{str(count)[:30]} takes were asked for: ask for 1 to {MOST_TAKES} at once.")
    return [check_seed(first + number) for number in range(count)]


def _takes(events: Iterator[Progress | Take], progress: Callable[[int, int], None] | None = None) -> list[Take]:
    takes = []
    for event in events:
        if isinstance(event, Take):
            takes.append(event)
        elif progress:
            progress(event.done, event.total)
    return takes
