"""VGGish (Hershey et al., ICASSP 2017) in the three flavours in which Fréchet audio distances are published.

All three leave out the PCA and the last ReLU. They differ in what they feed the network with, so their
distances must not be compared with one another:

| flavour | waveform | windows in 4 s |
| --- | --- | --- |
| `vggish-dcase` | 16-bit at 22.05 kHz, divided by its highest sample, **read as if it were 16 kHz** | 10 |
| `vggish` | 16 kHz, as gudgud96/frechet-audio-distance | 4 |
| `vggish-fadtk` | 16 kHz, rounded to 16 bit, embeddings rounded to half precision, as microsoft/fadtk | 4 |

Weights: those of harritaylor/torchvggish (Apache-2.0), 289 MB, which are not shipped.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from foley.checkpoints import CheckpointError
from foley.evaluation.embedders.htk_mel import mel_bank
from foley.evaluation.embedders.module_embedder import ModuleEmbedder
from foley.evaluation.embedders.waveforms import pad_to

WEIGHTS_URL = "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth"

SAMPLE_RATE = 16000  # what the network believes it hears
FRAME, HOP, N_FFT = 400, 160, 512
N_MELS, F_MIN, F_MAX = 64, 125.0, 7500.0
LOG_OFFSET = 0.01
PATCH_FRAMES = 96
PATCH_SAMPLES = FRAME + (PATCH_FRAMES - 1) * HOP
DIMENSION = 128


@dataclass(frozen=True)
class Flavour:
    """How one published measurement feeds VGGish.

    `window` and `window_hop`, in samples, cut the waveform before the spectrogram; without them the
    spectrogram is cut into patches side by side.
    """

    input_rate: int = SAMPLE_RATE
    shortest: int = PATCH_SAMPLES
    pcm16: bool = False
    divide_by_highest: bool = False
    half_precision: bool = False
    window: int | None = None
    window_hop: int = 0


FLAVOURS = {
    "vggish-dcase": Flavour(
        input_rate=22050, shortest=16000, pcm16=True, divide_by_highest=True, window=16000, window_hop=8000
    ),
    "vggish": Flavour(),
    "vggish-fadtk": Flavour(shortest=16000, pcm16=True, half_precision=True),
}


class VGGishNetwork(nn.Module):
    """Log-mel patches (batch, 96, 64) to embeddings (batch, 128), before any activation.

    `width` and `hidden` are 64 and 4096 in the published network. Names and order of the layers are those of
    its weights file.
    """

    def __init__(self, width: int = 64, hidden: int = 4096) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for convolutions in ([width], [2 * width], [4 * width] * 2, [8 * width] * 2):
            for out_channels in convolutions:
                layers += [nn.Conv2d(channels, out_channels, 3, padding=1), nn.ReLU()]
                channels = out_channels
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        flat = channels * (PATCH_FRAMES // 16) * (N_MELS // 16)
        self.embeddings = nn.Sequential(
            nn.Linear(flat, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, DIMENSION),
        )

    def forward(self, patches: Tensor) -> Tensor:
        maps = self.features(patches[:, None])
        return self.embeddings(maps.permute(0, 2, 3, 1).flatten(1))  # channels last: trained in TensorFlow


class VGGish(nn.Module):
    """Waveforms (batch, samples) at `flavour.input_rate` to embeddings (batch, windows, 128)."""

    bank: Tensor
    window: Tensor

    def __init__(self, flavour: Flavour, network: VGGishNetwork) -> None:
        super().__init__()
        self.flavour = flavour
        self.network = network
        bank = mel_bank(sample_rate=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS, f_min=F_MIN, f_max=F_MAX)
        bank[:, 0] = 0
        self.register_buffer("bank", bank.float(), persistent=False)
        self.register_buffer("window", torch.hann_window(FRAME), persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        patches = self.patches(waveforms)
        embeddings = self.network(patches.flatten(0, 1)).unflatten(0, patches.shape[:2])
        return embeddings.half().float() if self.flavour.half_precision else embeddings

    def patches(self, waveforms: Tensor) -> Tensor:
        """(batch, samples) to log-mel patches (batch, windows, 96, 64), prepared as the flavour says."""
        flavour = self.flavour
        waveforms = pad_to(waveforms, flavour.shortest)
        if flavour.pcm16:
            waveforms = (waveforms * 32768).round().clamp(-32768, 32767) / 32768
        if flavour.divide_by_highest:
            highest = waveforms.amax(dim=-1, keepdim=True)
            # The original's floor, 0.1, is one of 16-bit integers: all it does is spare silence.
            waveforms = waveforms / highest.clamp(min=0.1 / 32768)
        if flavour.window is None:
            mel = self.log_mel(waveforms)
            return mel.unfold(1, PATCH_FRAMES, PATCH_FRAMES).transpose(2, 3)
        windows = waveforms.unfold(1, flavour.window, flavour.window_hop)
        return self.log_mel(windows)[:, :, :PATCH_FRAMES]

    def log_mel(self, waveforms: Tensor) -> Tensor:
        """(..., samples) to (..., frames, 64): magnitudes of whole frames only, natural logarithm."""
        frames = waveforms.unfold(-1, FRAME, HOP) * self.window
        magnitudes = torch.fft.rfft(frames, N_FFT).abs()
        return torch.log(magnitudes @ self.bank.T + LOG_OFFSET)


def load(
    name: str,
    weights: str | Path | None = None,
    *,
    network: VGGishNetwork | None = None,
    device: str | torch.device = "cpu",
) -> ModuleEmbedder:
    """The embedder of the flavour `name`, with weights from a file, or from the web when none is given.

    A `network` that is ready is used as it is. Raises CheckpointError when the weights are missing, cannot be
    fetched, are broken or are of another network.
    """
    if network is None:
        state = _fetch() if weights is None else _read(Path(weights))
        with torch.device("meta"):
            network = VGGishNetwork()
        try:
            network.load_state_dict(state, strict=True, assign=True)
        except (RuntimeError, TypeError):
            raise CheckpointError(f"{weights or WEIGHTS_URL} does not hold the weights of VGGish.") from None
    module = VGGish(FLAVOURS[name], network).to(device)
    return ModuleEmbedder(name, module, input_rate=module.flavour.input_rate, dimension=DIMENSION)


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise CheckpointError(f"{path} is not there: fetch {WEIGHTS_URL} and give the path of that file.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # whatever a foreign file makes the loader stumble over
        raise CheckpointError(f"{path} cannot be read as weights: fetch it again from {WEIGHTS_URL}.") from None


def _fetch() -> dict[str, Tensor]:
    try:
        return torch.hub.load_state_dict_from_url(
            WEIGHTS_URL, map_location="cpu", check_hash=True, weights_only=True, progress=False
        )
    except (OSError, RuntimeError) as error:
        raise CheckpointError(
            f"VGGish's weights could not be fetched ({type(error).__name__}): give the path of {WEIGHTS_URL}."
        ) from None
