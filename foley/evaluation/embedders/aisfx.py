"""The aiSFX network: embeddings of sound effects, learned from sound-effects libraries and their catalogues.

A. B. Ma and A. Lerch, "Representation Learning for the Automatic Indexing of Sound Effects Libraries",
ISMIR 2022. The architecture is written anew here; the weights are the authors' (CC BY 4.0, see
`checkpoints/aisfx/README.md`).

What the original expects, and what is done here:

- mono at 44,100 Hz in [-1, 1], **at the level of the recording**: the authors trained on spectrograms made
  by Essentia, whose loader does not normalise. (The package's other front end, librosa, divides by the peak;
  it also hands over time and frequency exchanged, so its embeddings are not those of the paper.)
- power spectrum of 2048 samples every 1024 (symmetric Hann, the first frame centred on the first sample),
  96 mel bands from 0 to 22,050 Hz whose weights sum to 1, `log10(1 + 10000 x)`, divided by 9.4578 (the
  highest value of the training set);
- blocks of 100 frames (2.3 s) every 50 frames. The original leaves out what remains at the end (0.5 of 4 s);
  here one more block, flush with the end, covers it (`cover_end`). A clip shorter than a block is followed by
  silence.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from foley.checkpoints import CheckpointError, load_stage
from foley.evaluation.embedders.htk_mel import mel_bank
from foley.evaluation.embedders.module_embedder import ModuleEmbedder
from foley.resources import AISFX_WEIGHTS

NAME = "aisfx"
FOLDER = AISFX_WEIGHTS


@dataclass(frozen=True)
class AisfxConfig:
    """What `config.json` says; the defaults are the published network's."""

    sample_rate: int = 44100
    n_fft: int = 2048
    hop_length: int = 1024
    n_mels: int = 96
    f_min: float = 0.0
    f_max: float = 22050.0
    log_scale: float = 10000.0
    log_maximum: float = 9.457798957824707
    block_frames: int = 100
    block_hop: int = 50
    cover_end: bool = True
    channels: tuple[int, ...] = (64, 128, 256, 512)


class AisfxSpectrogram(nn.Module):
    """Compressed mel spectrogram, scaled to about [0, 1]: (batch, samples) to (batch, frames, n_mels)."""

    bank: Tensor
    window: Tensor

    def __init__(self, config: AisfxConfig) -> None:
        super().__init__()
        self.config = config
        bank = mel_bank(
            sample_rate=config.sample_rate,
            n_fft=config.n_fft,
            n_mels=config.n_mels,
            f_min=config.f_min,
            f_max=config.f_max,
        )
        bank = bank / bank.sum(dim=1, keepdim=True)
        self.register_buffer("bank", bank.float(), persistent=False)
        self.register_buffer("window", torch.hann_window(config.n_fft, periodic=False), persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        config = self.config
        frames = -(-waveforms.shape[-1] // config.hop_length) + 1
        length = (frames - 1) * config.hop_length + config.n_fft
        left = config.n_fft // 2
        padded = F.pad(waveforms, (left, length - left - waveforms.shape[-1]))
        spectrum = torch.stft(
            padded, config.n_fft, config.hop_length, window=self.window, center=False, return_complex=True
        )
        mel = self.bank @ spectrum.abs().square()
        return torch.log10(1 + config.log_scale * mel).transpose(1, 2) / config.log_maximum


class ConvBlock(nn.Module):
    """Two 3x3 convolutions with batch norm and ReLU, then pooling by `pool`: (batch, channels, h, w)."""

    def __init__(self, in_channels: int, out_channels: int, pool: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.MaxPool2d(pool),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class AisfxNetwork(nn.Module):
    """Blocks of a mel spectrogram (batch, frames, n_mels) to embeddings (batch, channels[-1]).

    Convolution blocks, pooled by 2 in both directions but the last, which is not pooled; then the mean over
    frequency and the maximum over time.
    """

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        inputs = [1, *channels[:-1]]
        pools = [2] * (len(channels) - 1) + [1]
        self.blocks = nn.Sequential(*map(ConvBlock, inputs, channels, pools))

    def forward(self, blocks: Tensor) -> Tensor:
        return self.blocks(blocks[:, None]).mean(dim=3).amax(dim=2)


class Aisfx(nn.Module):
    """Waveforms (batch, samples) at `config.sample_rate` to embeddings (batch, windows, channels[-1])."""

    def __init__(self, config: AisfxConfig) -> None:
        super().__init__()
        self.config = config
        self.log_mel = AisfxSpectrogram(config)
        self.network = AisfxNetwork(config.channels)

    def forward(self, waveforms: Tensor) -> Tensor:
        blocks = self.blocks(self.log_mel(waveforms))
        return self.network(blocks.flatten(0, 1)).unflatten(0, blocks.shape[:2])

    def blocks(self, mel: Tensor) -> Tensor:
        """(batch, frames, n_mels) to overlapping (batch, windows, block_frames, n_mels)."""
        size = self.config.block_frames
        mel = F.pad(mel, (0, 0, 0, max(0, size - mel.shape[1])))
        last = mel.shape[1] - size
        starts = list(range(0, last + 1, self.config.block_hop))
        if self.config.cover_end and starts[-1] != last:
            starts.append(last)
        return torch.stack([mel[:, start : start + size] for start in starts], dim=1)


def load(folder: str | Path | None = None, *, device: str | torch.device = "cpu") -> ModuleEmbedder:
    """The embedder from `config.json` and `model.safetensors` in `folder` (the shipped one when not given).

    Raises CheckpointError when either is missing, broken or of another network.
    """
    folder = Path(folder) if folder is not None else FOLDER
    try:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))["network"]
        config = AisfxConfig(**{**settings, "channels": tuple(settings["channels"])})
    except (FileNotFoundError, NotADirectoryError):
        raise CheckpointError(f"{folder} holds no aiSFX network: it has no config.json.") from None
    except (KeyError, TypeError, ValueError, RecursionError):
        raise CheckpointError(f"{folder / 'config.json'} does not describe an aiSFX network.") from None
    module = Aisfx(config).to(device)
    load_stage(folder, "model", module.network)
    return ModuleEmbedder(NAME, module, input_rate=config.sample_rate, dimension=config.channels[-1])
