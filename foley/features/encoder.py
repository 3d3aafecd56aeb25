"""The embedding part of CEmbed (paper 3.2): MERT, or the small encoder of the same shape we train.

Both are HuBERT networks on 24 kHz audio with a total stride of 320 samples: 75 embeddings a second. What goes into
CEmbed is the mean of all hidden states.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from foley.presets import EncoderPreset
from foley.system.files import read_json

if TYPE_CHECKING:
    from transformers import HubertConfig

STRIDE = 320
RECEPTIVE_FIELD = 400
KERNEL = 5  # frames that a compressing convolution sees
WEIGHTS_FILE, PREPROCESSOR_FILE = "pytorch_model.bin", "preprocessor_config.json"
MASK_VECTOR = "masked_spec_embed"  # put in place of masked frames in training, used nowhere else


def hubert_config(preset: EncoderPreset) -> "HubertConfig":
    """HuBERT's configuration as MERT uses it, at the sizes of a preset."""
    from transformers import HubertConfig  # imported where it is used: it takes two seconds

    return HubertConfig(
        hidden_size=preset.hidden_size,
        num_hidden_layers=preset.layers,
        num_attention_heads=preset.heads,
        intermediate_size=preset.feed_forward,
        conv_dim=list(preset.convolution_channels),
        conv_kernel=[10, 3, 3, 3, 3, 2, 2],
        conv_stride=[5, 2, 2, 2, 2, 2, 2],
        conv_bias=False,
        feat_extract_norm="group",
        feat_proj_layer_norm=True,
        do_stable_layer_norm=preset.stable_layer_norm,
        num_conv_pos_embeddings=preset.positional_kernel,
        num_conv_pos_embedding_groups=preset.positional_groups,
        layerdrop=0.0,
        attn_implementation="sdpa",  # pyright: ignore[reportCallIssue]  one of the keywords every configuration takes
    )


class Encoder(nn.Module):
    """Waveform (batch, samples) to embeddings (batch, rows, frames), frames = samples // 320.

    `projection` (rows, hidden_size) reduces the mean of the hidden states; for MERT at full size it only drops the
    constant channel. A `compression` adds to it what a CNN finds in neighbouring frames. Group norm inside makes
    results depend on length: always give whole clips, never padding.
    """

    projection: Tensor

    def __init__(self, preset: EncoderPreset):
        super().__init__()
        from transformers import HubertModel

        self.network = HubertModel(hubert_config(preset))
        self.normalize = preset.normalize
        keep = [i for i in range(preset.hidden_size) if i != preset.dropped_channel]
        self.register_buffer("projection", torch.eye(preset.hidden_size)[keep][: preset.rows].clone())
        channels = preset.compression_channels
        self.compression = convolutions(preset.hidden_size, channels, preset.rows) if channels else None

    def hidden_mean(self, waveform: Tensor) -> Tensor:
        """Mean over all hidden states, (batch, frames, hidden_size)."""
        if self.normalize:
            waveform = normalized(waveform)
        states = self.network(pad_for_frames(waveform), output_hidden_states=True).hidden_states
        return torch.stack(states).mean(dim=0)

    def forward(self, waveform: Tensor) -> Tensor:
        return self.rows_of(self.hidden_mean(waveform))

    def rows_of(self, hidden: Tensor) -> Tensor:
        """Hidden states (batch, frames, hidden_size) as rows of CEmbed, (batch, rows, frames)."""
        rows = (hidden @ self.projection.T).transpose(1, 2)
        return rows if self.compression is None else rows + self.compression(hidden.transpose(1, 2))


def convolutions(inputs: int, channels: int, outputs: int) -> nn.Sequential:
    """Two convolutions over (batch, inputs, frames) that give nothing before they are trained."""
    layers = nn.Sequential(
        nn.Conv1d(inputs, channels, KERNEL, padding=KERNEL // 2), nn.GELU(), nn.Conv1d(channels, outputs, 1)
    )
    for parameter in layers[2].parameters():
        nn.init.zeros_(parameter)
    return layers


class DeferredEncoder(nn.Module):
    """An encoder that is built when it first hears something: what takes seconds to load, and no take needs.

    `build` may raise what building and reading an encoder can raise.
    """

    def __init__(self, build: Callable[[], Encoder]):
        super().__init__()
        self._build, self._lock = build, Lock()
        self.encoder: Encoder | None = None

    def forward(self, waveform: Tensor) -> Tensor:
        """As `Encoder`."""
        with self._lock:
            if self.encoder is None:
                self.encoder = self._build().to(waveform.device)
        return self.encoder(waveform)


def pad_for_frames(waveform: Tensor) -> Tensor:
    """Pad (batch, samples) so that the convolutions give exactly samples // 320 frames, centred on those of the mel."""
    pad = (RECEPTIVE_FIELD - STRIDE) // 2
    return F.pad(waveform, (pad, pad))


def normalized(waveform: Tensor) -> Tensor:
    """Waveforms (batch, samples), each at mean 0 and variance 1, as transformers' feature extractor makes them."""
    mean = waveform.mean(dim=1, keepdim=True)
    variance = waveform.var(dim=1, correction=0, keepdim=True)
    return (waveform - mean) / (variance + 1e-7).sqrt()


def load_mert(preset: EncoderPreset) -> Encoder:
    """MERT with the weights of `preset.repository`, a name on the hub or a local folder; no remote code is run.

    Raises OSError when the weights cannot be had and RuntimeError when they are not those of the preset's network.
    """
    encoder = Encoder(preset)
    state = mert_state(torch.load(_mert_file(preset, WEIGHTS_FILE), map_location="cpu", weights_only=True))
    state.setdefault(MASK_VECTOR, encoder.network.state_dict()[MASK_VECTOR])  # some copies are without it
    encoder.network.load_state_dict(state, strict=True)
    return encoder.eval()


def with_preprocessor(preset: EncoderPreset) -> EncoderPreset:
    """The preset with `normalize` as MERT's own preprocessor configuration says; as it is where there is none.

    Raises OSError when the repository cannot be reached.
    """
    says = read_json(_mert_file(preset, PREPROCESSOR_FILE)).get("do_normalize")
    return preset if says is None else replace(preset, normalize=bool(says))


def _mert_file(preset: EncoderPreset, name: str) -> Path:
    if Path(preset.repository).is_dir():
        return Path(preset.repository) / name
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(preset.repository, name))


def mert_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """MERT's weights under the names transformers' HuBERT gives them: weight norm in its parametrised form."""
    weight_norm = "encoder.pos_conv_embed.conv."
    renamed = {
        weight_norm + "weight_g": weight_norm + "parametrizations.weight.original0",
        weight_norm + "weight_v": weight_norm + "parametrizations.weight.original1",
    }
    # attention_relax only divides and restores the scores (softmax is shift-invariant): it has no weights here
    return {renamed.get(name, name): value for name, value in state.items()}
