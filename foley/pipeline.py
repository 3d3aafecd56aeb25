"""`Foley`: the whole chain in one object, the only class that most users of the library ever touch."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from foley.audio import fit_length, from_array, read_audio
from foley.categories import Category
from foley.checkpoints import checkpoint_hash, find_checkpoint, load_stage, read_config
from foley.features.cembed import CEmbed
from foley.models.pixelsnail import PixelSNAIL
from foley.models.vocoder import Vocoder
from foley.models.vqvae import VQVAE
from foley.presets import Preset
from foley.sampling import Progress, Sampler, SamplingSettings
from foley.sampling.noise import check_seed, white_noise
from foley.takes import Reconstruction, Take

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints" / "studio"
CEILING = 0.99  # a take louder than this is turned down as a whole, never clipped; quieter ones are left alone
MOST_TAKES = 64


class Foley:
    """Class, temperature and seed to sound; and recordings to codes and back.

    Build it with `Foley.from_pretrained`. Categories may be given in any usual spelling or by id.
    """

    def __init__(
        self,
        preset: Preset,
        cembed: CEmbed,
        vqvae: VQVAE,
        prior: PixelSNAIL,
        vocoder: Vocoder,
        name: str = "untitled",
        device: str | torch.device = "cpu",
        sampler_path: str = "auto",
    ):
        self.preset, self.name, self.device = preset, name, torch.device(device)
        self.cembed, self.vqvae, self.prior, self.vocoder = (
            module.eval().to(self.device) for module in (cembed, vqvae, prior, vocoder)
        )
        self.sampler = Sampler(self.prior, sampler_path)

    @classmethod
    def from_pretrained(
        cls, path_or_hub_name: str | Path = SHIPPED, device: str = "auto", sampler_path: str = "auto"
    ) -> "Foley":
        """The model of a checkpoint folder or of a name on the Hugging Face hub; the shipped one by default.

        `device` is `auto`, `cpu`, `cuda` or `mps`. Raises CheckpointError when the checkpoint is missing, broken or
        none of ours, and ValueError when the device is not there.
        """
        folder = find_checkpoint(path_or_hub_name)
        preset, _ = read_config(folder)
        return cls(
            preset,
            load_stage(folder, "cembed", CEmbed(preset)),
            load_stage(folder, "vqvae", VQVAE(preset.vqvae)),
            load_stage(folder, "prior", PixelSNAIL(preset.prior, preset.grid, preset.vqvae.codebook_size)),
            load_stage(folder, "vocoder", Vocoder(preset)),
            name=f"{folder.name}@{checkpoint_hash(folder)}",
            device=choose_device(device),
            sampler_path=sampler_path,
        )

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
        top_p: float = 1.0,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Take]:
        """`count` new takes of a class, with the seeds `seed`, `seed + 1`, ...; each as it would be alone.

        `progress(done, total)` is told of the codes drawn. Raises ValueError for a class, seed, temperature or count
        that cannot be.
        """
        takes = []
        for event in self.draw(category, seed, temperature, count, top_k, top_p):
            if isinstance(event, Take):
                takes.append(event)
            elif progress:
                progress(event.done, event.total)
        return takes

    def draw(
        self,
        category: str | int | Category,
        seed: int = 0,
        temperature: float = 1.0,
        count: int = 1,
        top_k: int = 0,
        top_p: float = 1.0,
        given: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Iterator[Progress | Take]:
        """As `generate`, step by step: progress of the codes while they are drawn, then the takes one by one.

        Codes of `given` (rows, frames) stay where `mask` (rows, frames) is True. Closing the iterator stops the work.
        """
        category, settings = Category.parse(category), SamplingSettings(temperature, top_k, top_p)
        if not 1 <= count <= MOST_TAKES:
            raise ValueError(f"{count} takes were asked for: ask for 1 to {MOST_TAKES} at once.")
        seeds = [check_seed(seed + number) for number in range(count)]
        kept = {}
        if given is not None and mask is not None:
            kept = {"given": given.expand(count, -1, -1), "mask": mask.expand(count, -1, -1)}
        return self._draw(category, seeds, settings, kept)

    def _draw(self, category: Category, seeds: list[int], settings: SamplingSettings, kept: dict) -> Iterator:
        steps = self.sampler.sample([int(category)] * len(seeds), seeds, settings, **kept)
        codes = None
        for event in steps:
            codes = event.codes
            yield event
        for seed, grid in zip(seeds, codes, strict=True):
            cembed, waveform = self.decode(grid, seed)
            yield Take(
                waveform=waveform,
                sample_rate=self.sample_rate,
                codes=grid.cpu(),
                cembed=cembed,
                category=category,
                seed=seed,
                temperature=settings.temperature,
                top_k=settings.top_k,
                top_p=settings.top_p,
                model=self.name,
            )

    @torch.inference_mode()
    def encode(self, recording: str | Path | Tensor | tuple[int, np.ndarray]) -> Tensor:
        """Codes (rows, frames) of a recording: a file, samples (samples,) at the model's rate, or (rate, samples).

        The first 4 s are taken, padded where it is shorter. Raises AudioError when it cannot be used.
        """
        return self.vqvae.encode(self.cembed(self._clip(recording)))[0].cpu()

    @torch.inference_mode()
    def decode(self, codes: Tensor, seed: int = 0) -> tuple[Tensor, Tensor]:
        """CEmbed (rows, frames) and waveform (samples,) of codes (rows, frames); the seed gives the noise."""
        cembed = self.vqvae.decode(codes.unsqueeze(0).to(self.device))
        return cembed[0].cpu(), self._vocode(cembed, seed)

    @torch.inference_mode()
    def reconstruct(self, recording: str | Path | Tensor | tuple[int, np.ndarray], seed: int = 0) -> Reconstruction:
        """A recording through CEmbed, codes and vocoder and back. Takes and raises what `encode` does."""
        clip = self._clip(recording)
        cembed = self.cembed(clip)
        codes = self.vqvae.encode(cembed)
        decoded = self.vqvae.decode(codes)
        waveform = self._vocode(decoded, seed)
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

    def _vocode(self, cembed: Tensor, seed: int) -> Tensor:
        """Waveform (samples,) of a CEmbed (1, rows, frames); one at a time, so that no take depends on its batch."""
        noise = torch.from_numpy(white_noise(seed, cembed.shape[2] * self.preset.mel.hop_length)).to(self.device)
        waveform = self.vocoder(cembed, self.cembed.restore_mel(cembed), noise.unsqueeze(0))[0].float().cpu()
        waveform = fit_length(waveform, self.preset.audio.samples)
        return waveform * (CEILING / waveform.abs().max().clamp(min=CEILING))

    def _clip(self, recording: str | Path | Tensor | tuple[int, np.ndarray]) -> Tensor:
        audio = self.preset.audio
        if isinstance(recording, tuple):
            waveform = from_array(recording[1], recording[0], audio.sample_rate)
        elif isinstance(recording, Tensor):
            waveform = from_array(recording.numpy(), audio.sample_rate, audio.sample_rate)
        else:
            waveform = read_audio(recording, audio.sample_rate, audio.duration_s)
        return fit_length(waveform, audio.samples).unsqueeze(0).to(self.device)


def choose_device(name: str = "auto") -> torch.device:
    """The best device here for `auto`, else the one named. Raises ValueError when it is not there."""
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(device for device in ("cuda", "mps", "cpu") if here[device]))
    if not here.get(name.split(":")[0], False):
        raise ValueError(f"There is no device {name!r} here: use one of {', '.join(d for d in here if here[d])}.")
    return torch.device(name)
