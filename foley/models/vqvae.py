"""The baseline's VQ-VAE and the paper's MVQVAE (3.3, 3.4): the same module at other settings.

Parallel strided branches of different kernels see the CEmbed at several scales and are summed. MVQVAE has a residual
block more in every parallel branch and in the decoder, and a class head on the mean vector before quantization (3.4.1).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from foley.categories import Category
from foley.models.quantizer import VectorQuantizer
from foley.presets import VQVAEPreset


class VQVAEOutput(NamedTuple):
    """What training needs of one pass: all tensors are differentiable but `codes`."""

    cembed: Tensor  # (batch, rows, frames), reconstructed
    codes: Tensor  # (batch, code rows, code frames)
    latent_distance: Tensor  # mean squared distance of vectors to codes, the paper's "latent diff"
    class_logits: Tensor | None  # (batch, 7)


class VQVAE(nn.Module):
    """CEmbed (batch, rows, frames) to codes (batch, rows / stride, frames / stride) and back.

    Rows and frames that the strides do not divide are cut at the end, as strided convolutions do.
    """

    def __init__(self, preset: VQVAEPreset):
        super().__init__()
        self.encoder = VQEncoder(preset)
        self.to_code = nn.Conv2d(preset.channels, preset.code_dimension, 1)
        self.quantizer = VectorQuantizer(preset.code_dimension, preset.codebook_size, preset.codebook_decay)
        self.decoder = VQDecoder(preset)
        self.class_head = nn.Linear(preset.code_dimension, len(Category)) if preset.class_head else None

    def forward(self, cembed: Tensor) -> VQVAEOutput:
        vectors = self.vectors(cembed)
        quantized, codes, distance = self.quantizer(vectors)
        return VQVAEOutput(self.decoder(quantized), codes, distance, self._classify(vectors))

    def vectors(self, cembed: Tensor) -> Tensor:
        """Vectors before quantization, (batch, code dimension, code rows, code frames)."""
        return self.to_code(self.encoder(cembed))

    def encode(self, cembed: Tensor) -> Tensor:
        """Codes (batch, code rows, code frames) of a CEmbed."""
        return self.quantizer(self.vectors(cembed))[1]

    def decode(self, codes: Tensor) -> Tensor:
        """CEmbed (batch, rows, frames) of codes."""
        return self.decoder(self.quantizer.lookup(codes))

    def class_logits(self, cembed: Tensor) -> Tensor | None:
        """The class head's scores (batch, 7), or None where the preset has no head."""
        return self._classify(self.vectors(cembed))

    def checkpoint_activations(self) -> None:
        """Compute each layer again in the backward pass, instead of keeping what is inside it.

        Raises ValueError with batch norm, whose statistics would follow every batch twice.
        """
        if any(isinstance(module, nn.BatchNorm2d) for module in self.modules()):
            raise ValueError("Batch norm and activation checkpointing exclude each other: turn one of them off.")
        self.encoder.activation_checkpointing = self.decoder.activation_checkpointing = True

    def _classify(self, vectors: Tensor) -> Tensor | None:
        return None if self.class_head is None else self.class_head(vectors.mean(dim=(2, 3)))


class VQEncoder(nn.Module):
    """CEmbed (batch, rows, frames) to features (batch, channels, code rows, code frames)."""

    def __init__(self, preset: VQVAEPreset):
        super().__init__()
        self.activation_checkpointing = False
        self.branches = nn.ModuleList(_branch(preset, kernel) for kernel in preset.branch_kernels)
        self.residual = nn.Sequential(*_parallel_blocks(preset))

    def forward(self, cembed: Tensor) -> Tensor:
        image = cembed.unsqueeze(1)
        if self.activation_checkpointing and self.training:
            features = sum(checkpoint(branch, image, use_reentrant=False) for branch in self.branches)
        else:
            features = sum(branch(image) for branch in self.branches)
        return self.residual(features)


class VQDecoder(nn.Module):
    """Quantized vectors (batch, code dimension, code rows, code frames) to CEmbed (batch, rows, frames)."""

    def __init__(self, preset: VQVAEPreset):
        super().__init__()
        self.activation_checkpointing = False
        stride_1, stride_2 = preset.strides
        self.layers = nn.Sequential(
            nn.Conv2d(preset.code_dimension, preset.channels, 3, padding=1),
            *_parallel_blocks(preset),
            *(ResidualBlock(preset) for _ in range(preset.decoder_residual_blocks)),
            nn.ReLU(),
            _upsample(preset.channels, preset.stem_channels, stride_2),
            nn.ReLU(),
            _upsample(preset.stem_channels, 1, stride_1),
        )

    def forward(self, vectors: Tensor) -> Tensor:
        if self.activation_checkpointing and self.training:
            return checkpoint(self.layers, vectors, use_reentrant=False).squeeze(1)
        return self.layers(vectors).squeeze(1)


class ResidualBlock(nn.Module):
    """x + conv(x): 3x3 down to few channels, 1x1 back.

    With `rectified_skip` it is ReLU(x) + conv(x), which the baseline's in-place ReLU amounts to.
    """

    def __init__(self, preset: VQVAEPreset, dilation: int = 1):
        super().__init__()
        channels, hidden = preset.channels, preset.residual_channels
        self.rectified_skip = preset.rectified_skip
        self.layers = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels, hidden, 3, padding=dilation, dilation=dilation),
            *_batch_norm(preset, hidden),
            nn.ReLU(),
            nn.Conv2d(hidden, channels, 1),
            *_batch_norm(preset, channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        return (F.relu(features) if self.rectified_skip else features) + self.layers(features)


class ParallelResidualBlock(nn.Module):
    """Two residual blocks side by side, the second of twice the reach: the studio's, behind the summed branches."""

    def __init__(self, preset: VQVAEPreset):
        super().__init__()
        self.near = ResidualBlock(preset)
        self.far = ResidualBlock(preset, dilation=2)

    def forward(self, features: Tensor) -> Tensor:
        return self.near(features) + self.far.layers(features)


def _branch(preset: VQVAEPreset, kernel: int) -> nn.Sequential:
    stride_1, stride_2 = preset.strides
    return nn.Sequential(
        _downsample(1, preset.stem_channels, kernel, stride_1),
        *_batch_norm(preset, preset.stem_channels),
        nn.ReLU(),
        _downsample(preset.stem_channels, preset.channels, kernel, stride_2),
        *_batch_norm(preset, preset.channels),
        nn.ReLU(),
        nn.Conv2d(preset.channels, preset.channels, 3, padding=1),
        *_batch_norm(preset, preset.channels),
        *(ResidualBlock(preset) for _ in range(preset.branch_residual_blocks)),
        nn.ReLU(),
    )


def _batch_norm(preset: VQVAEPreset, channels: int) -> list[nn.Module]:
    """Batch norm where a public re-implementation of the paper has it: after the encoder's convolutions, in blocks."""
    return [nn.BatchNorm2d(channels)] if preset.batch_norm else []


def _parallel_blocks(preset: VQVAEPreset) -> list[nn.Module]:
    return [ParallelResidualBlock(preset) for _ in range(preset.parallel_residual_blocks)]


def _downsample(inputs: int, outputs: int, kernel: int, stride: tuple[int, int]) -> nn.Conv2d:
    """A strided convolution whose kernel, given for stride 2, grows with the stride so that nothing is skipped.

    Where it could not lie in the middle, as even ones at stride 1, it is one larger.
    """
    sizes = (kernel * stride[0] // 2, kernel * stride[1] // 2)
    size = (sizes[0] + (sizes[0] - stride[0]) % 2, sizes[1] + (sizes[1] - stride[1]) % 2)
    padding = ((size[0] - stride[0]) // 2, (size[1] - stride[1]) // 2)
    return nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding)


def _upsample(inputs: int, outputs: int, stride: tuple[int, int]) -> nn.ConvTranspose2d:
    size = (2 * stride[0] + stride[0] % 2, 2 * stride[1] + stride[1] % 2)
    padding = ((size[0] - stride[0]) // 2, (size[1] - stride[1]) // 2)
    return nn.ConvTranspose2d(inputs, outputs, size, stride=stride, padding=padding)


def vqvae_loss(
    output: VQVAEOutput, target: Tensor, categories: Tensor, preset: VQVAEPreset
) -> tuple[Tensor, dict[str, Tensor]]:
    """Equation 4 with the class head's cross-entropy (3.4.1): the loss, and its terms by name.

    Target (batch, rows, frames) is the clean CEmbed; the codebook's own term is replaced by moving averages.
    """
    target = target[:, : output.cembed.shape[1], : output.cembed.shape[2]]
    terms = {"mse": F.mse_loss(output.cembed, target), "latent_distance": output.latent_distance}
    loss = terms["mse"] + preset.commitment * terms["latent_distance"]
    if output.class_logits is not None:
        terms["cross_entropy"] = F.cross_entropy(output.class_logits, categories)
        loss = loss + preset.class_weight * terms["cross_entropy"]
    return loss, {name: value.detach() for name, value in terms.items()}


def code_shape(model: VQVAE, rows: int, frames: int) -> tuple[int, int]:
    """Shape (rows, frames) of the codes of a CEmbed of that shape, without computing them."""
    with torch.device("meta"):
        code_rows, code_frames = model.to("meta").vectors(torch.empty(1, rows, frames)).shape[2:]
    return code_rows, code_frames
