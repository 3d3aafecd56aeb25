"""PixelSNAIL (Chen et al. 2017) and Zen PixelSNAIL (paper 3.5): the prior over a grid of codes, by class.

Codes are modelled in raster order. The features at a position depend on the codes before it alone: the input layer
looks at neighbours that come earlier, every later layer at features no later than its own.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from foley.categories import Category
from foley.conditions.controls import Controls
from foley.conditions.knobs import KNOBS, USUAL_ROWS
from foley.models.activations import elu
from foley.models.control_network import ControlNetwork
from foley.models.odds import odds_buffers
from foley.presets import PriorPreset

COORDINATES = 2
WEAK = 0.15  # standard deviation of weights that hear controls, before training


class PixelSNAIL(nn.Module):
    """Codes (batch, rows, frames), categories (batch,), controls to logits (batch, codebook size, rows, frames).

    `grid` is (rows, frames) of a whole clip. With `scan` "rows" the raster runs row by row, as the baseline's does;
    with "frames" it runs frame by frame, so that a sound can be continued. Inside, everything is in scan order:
    (batch, channels, height, width) with height the outermost axis.

    `log_odds` (classes, knobs, rows, codebook size), of a prior with knobs, is what codes say for a knob turned up;
    `contour_odds` (classes, bins of levels and then of onsets, rows, codebook size), of one with a contour, what they
    say for its bins. They are for sampling (`foley.sampling.guidance`); logits do not depend on them.

    With `activation_checkpointing` the backward pass computes each block again, instead of keeping what is inside it.
    """

    coordinates: Tensor
    log_odds: Tensor | None
    contour_odds: Tensor | None

    def __init__(self, preset: PriorPreset, grid: tuple[int, int], codebook_size: int):
        super().__init__()
        self.activation_checkpointing = False
        self.preset, self.codebook_size = preset, codebook_size
        self.scan_shape = grid if preset.scan == "rows" else (grid[1], grid[0])
        self.input = CodeConvolution(codebook_size, preset.channels, preset.kernel_size)
        self.condition = Condition(preset, self.scan_shape)
        self.register_buffer("coordinates", _coordinates(self.scan_shape), persistent=False)
        for name, odds in odds_buffers(preset, grid[0], codebook_size).items():
            self.register_buffer(name, odds)
        self.blocks = nn.ModuleList(PixelBlock(preset) for _ in range(preset.blocks))
        self.output = nn.ModuleList(
            GatedResidual(preset.channels, preset.residual_channels, dropout=preset.dropout)
            for _ in range(preset.output_residual_blocks)
        )
        self.logits = nn.Conv2d(preset.channels, codebook_size, 1)

    def forward(self, codes: Tensor, categories: Tensor, controls: Controls | None = None) -> Tensor:
        return self.from_scan(self.scan_logits(self.to_scan(codes), categories, controls))

    def scan_logits(self, codes: Tensor, categories: Tensor, controls: Controls | None = None) -> Tensor:
        """Logits (batch, codebook size, height, width) of codes (batch, height, width), both in scan order.

        Fewer rows than the whole grid's are allowed: logits of a row do not depend on later ones.
        """
        return self.from_features(self.input(codes), categories, controls)

    def from_features(self, features: Tensor, categories: Tensor, controls: Controls | None = None) -> Tensor:
        """Logits from the input layer's features (batch, channels, height, width)."""
        batch, _, height, _width = features.shape
        condition = self.condition(categories, controls)[:, :, :height]
        coordinates = self.coordinates[:, :, :height].expand(batch, -1, -1, -1)
        for block in self.blocks:
            if self.activation_checkpointing and self.training:
                features = checkpoint(block, features, coordinates, condition, use_reentrant=False)
            else:
                features = block(features, coordinates, condition)
        for residual in self.output:
            features = residual(features)
        return self.logits(elu(features))

    def to_scan(self, grid: Tensor) -> Tensor:
        """(..., rows, frames) to (..., height, width) with the outermost scan axis first."""
        return grid if self.preset.scan == "rows" else grid.transpose(-1, -2)

    def from_scan(self, grid: Tensor) -> Tensor:
        """The inverse of `to_scan`."""
        return self.to_scan(grid)


class CodeConvolution(nn.Module):
    """Codes (batch, height, width) to features (batch, channels, height, width) from earlier neighbours alone.

    The baseline's two convolutions on one-hot codes as what they are: a table of vectors for each neighbour's
    offset. `offsets` are (rows up, columns right); neighbours outside the grid add nothing.
    """

    def __init__(self, codebook_size: int, channels: int, kernel_size: int):
        super().__init__()
        self.offsets = code_offsets(kernel_size)
        scale = (len(self.offsets) * channels) ** -0.5
        self.tables = nn.Parameter(torch.randn(len(self.offsets), codebook_size, channels) * scale)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, codes: Tensor) -> Tensor:
        features = self.bias.view(1, -1, 1, 1)
        for (up, right), table in zip(self.offsets, self.tables, strict=True):
            features = features + shift(F.embedding(codes, table).permute(0, 3, 1, 2), up, right)
        return features


def code_offsets(kernel_size: int) -> list[tuple[int, int]]:
    """Offsets (rows up, columns right) that the input layer sees: whole rows above, and the left of its own."""
    half = kernel_size // 2
    above = [(up, right) for up in range(half, 0, -1) for right in range(-half, half + 1)]
    reach = (kernel_size + 1) // 2
    left = [(up, -right) for up in range(reach - 1, -1, -1) for right in range(half, 0, -1)]
    return above + left


def shift(grid: Tensor, up: int, right: int) -> Tensor:
    """The grid (..., height, width) whose entry at (i, j) is that of the given one at (i - up, j + right), else 0."""
    height, width = grid.shape[-2:]
    padded = F.pad(grid, (max(-right, 0), max(right, 0), up, 0))
    return padded[..., :height, max(right, 0) : max(right, 0) + width]


class Condition(nn.Module):
    """Categories (batch,) and controls to a condition (batch, channels, height, width); 1 where it is the same.

    Its first channels are those of the class, the others, of a preset that has `control_channels`, of the controls.
    `usual` (classes, rows, 6) and `usual_contours` (classes, rows, 2, columns) hold knobs and contours of recordings of
    each class, in bins, for what is not asked for itself (`foley.sampling.usual`).
    """

    usual: Tensor
    usual_contours: Tensor

    def __init__(self, preset: PriorPreset, scan_shape: tuple[int, int]):
        super().__init__()
        channels, hidden = preset.condition_channels, preset.condition_hidden
        self.shape = (channels, *((1, 1) if preset.condition == "embedding" else scan_shape))
        self.control_channels = preset.control_channels
        self.by_rows = preset.scan == "rows"
        if preset.condition == "embedding":
            self.network = nn.Embedding(len(Category), channels)
        else:  # the baseline's: a map of the whole grid from the one-hot class
            sizes = (len(Category), *[hidden] * 3, scan_shape[0] * scan_shape[1])
            self.network = nn.Sequential(*(nn.Linear(a, b) for a, b in pairwise(sizes)))
        self.controls = ControlNetwork(preset) if preset.control_channels else None
        if preset.knob_bins:
            columns = scan_shape[1] if self.by_rows else scan_shape[0]
            for name, sizes in (("usual", (len(KNOBS),)), ("usual_contours", (2, columns))):
                self.register_buffer(name, torch.zeros(len(Category), USUAL_ROWS, *sizes, dtype=torch.int8))

    def forward(self, categories: Tensor, controls: Controls | None = None) -> Tensor:
        condition = self._of_categories(categories)
        if self.controls is None:
            return condition
        if controls is None:  # heard as nothing
            return F.pad(condition, (0, 0, 0, 0, 0, self.control_channels))
        heard = self.controls(categories, controls)
        heard = heard.unsqueeze(2) if self.by_rows else heard.unsqueeze(3)
        return torch.cat(_of_one_size(condition, heard), dim=1)

    def _of_categories(self, categories: Tensor) -> Tensor:
        if isinstance(self.network, nn.Embedding):
            return self.network(categories).view(-1, *self.shape)
        one_hot = F.one_hot(categories, len(Category)).to(next(self.network.parameters()).dtype)
        return self.network(one_hot).view(-1, *self.shape)


def _of_one_size(*maps: Tensor) -> list[Tensor]:
    """Maps (batch, any channels, height, width) where 1 stands for all, as large as the largest."""
    shape = torch.broadcast_shapes(*(part.shape[2:] for part in maps))
    return [part.expand(-1, -1, *shape) for part in maps]


class CausalConv2d(nn.Module):
    """A convolution that sees the rows above in full and the columns to the left, not its own position.

    Held as two, one for each: `above` has the k - 1 rows above by k columns, `left` the k // 2 columns to the left.
    The sampler computes the first once a row and the second once a code.
    """

    def __init__(self, inputs: int, outputs: int, kernel_size: int):
        super().__init__()
        self.kernel_size = kernel_size
        self.above = nn.Conv2d(inputs, outputs, (kernel_size - 1, kernel_size))
        self.left = nn.Conv2d(inputs, outputs, (1, kernel_size // 2), bias=False)

    def forward(self, features: Tensor) -> Tensor:
        half = self.kernel_size // 2
        above = F.pad(features, (half, half, self.kernel_size - 1, 0))[..., :-1, :]
        left = F.pad(features, (half, 0))[..., :-1]
        return self.above(above) + self.left(left)


class GatedResidual(nn.Module):
    """x + GLU(conv(ELU(conv(ELU(x)) + auxiliary)) + condition); the convolutions are causal, or 1x1 without kernel.

    The channels of the condition are those of the class, `condition` of them, and then those of `controls`.
    """

    def __init__(
        self,
        channels: int,
        hidden: int,
        kernel_size: int = 1,
        auxiliary: int = 0,
        condition: int = 0,
        controls: int = 0,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.conv1 = _convolution(channels, hidden, kernel_size)
        self.auxiliary = nn.Conv2d(auxiliary, hidden, 1) if auxiliary else None
        self.dropout = nn.Dropout(dropout)
        self.conv2 = _convolution(hidden, 2 * channels, kernel_size)
        self.condition = nn.Conv2d(condition, 2 * channels, 1, bias=False) if condition else None
        self.controls = nn.Conv2d(controls, 2 * channels, 1, bias=False) if controls else None
        if self.controls is not None:
            nn.init.normal_(self.controls.weight, std=WEAK)

    def forward(self, features: Tensor, auxiliary: Tensor | None = None, condition: Tensor | None = None) -> Tensor:
        hidden = self.conv1(elu(features))
        if self.auxiliary is not None:
            hidden = hidden + self.auxiliary(elu(auxiliary))  # pyright: ignore[reportArgumentType]  given where there is one
        update = self.conv2(self.dropout(elu(hidden)))
        if self.condition is not None and condition is not None:
            update = update + self.condition(condition[:, : self.condition.in_channels])
            if self.controls is not None:
                update = update + self.controls(condition[:, self.condition.in_channels :])
        return features + F.glu(update, dim=1)


def _convolution(inputs: int, outputs: int, kernel_size: int) -> nn.Module:
    return nn.Conv2d(inputs, outputs, 1) if kernel_size == 1 else CausalConv2d(inputs, outputs, kernel_size)


class PixelBlock(nn.Module):
    """Causal residual blocks, then attention over all that came before (PixelSNAIL, figure 2)."""

    def __init__(self, preset: PriorPreset):
        super().__init__()
        channels, dropout = preset.channels, preset.dropout
        self.residuals = nn.ModuleList(
            GatedResidual(
                channels,
                preset.residual_channels,
                preset.kernel_size,
                condition=preset.condition_channels,
                controls=preset.control_channels,
                dropout=dropout,
            )
            for _ in range(preset.residual_blocks)
        )
        key_channels, query_channels = 2 * channels + COORDINATES, channels + COORDINATES
        self.key_residual = GatedResidual(key_channels, channels, dropout=dropout)
        self.query_residual = GatedResidual(query_channels, channels, dropout=dropout)
        attention = ZenAttention if preset.zen_factor > 1 else CausalAttention
        self.attention = attention(preset, query_channels, key_channels)
        self.output_residual = GatedResidual(channels, channels, auxiliary=channels // 2, dropout=dropout)

    def forward(self, features: Tensor, coordinates: Tensor, condition: Tensor) -> Tensor:
        local = features
        for residual in self.residuals:
            local = residual(local, condition=condition)
        keys = self.key_residual(torch.cat([features, local, coordinates], dim=1))
        queries = self.query_residual(torch.cat([local, coordinates], dim=1))
        return self.output_residual(local, self.attention(queries, keys))


class CausalAttention(nn.Module):
    """Full attention of the baseline: position p looks at all positions before it; the first sees nothing.

    Queries and keys (batch, channels, height, width) to (batch, channels / 2, height, width).
    """

    def __init__(self, preset: PriorPreset, query_channels: int, key_channels: int):
        super().__init__()
        channels = preset.channels // 2
        self.heads, self.dropout = preset.heads, preset.dropout
        self.query = nn.Linear(query_channels, channels)
        self.key = nn.Linear(key_channels, channels)
        self.value = nn.Linear(key_channels, channels)

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        query, key = (x.flatten(2).transpose(1, 2) for x in (queries, keys))
        query, key, value = (_heads(x, self.heads) for x in (self.query(query), self.key(key), self.value(key)))
        # strictly causal: shifting keys by one makes p see 0 .. p-1
        result = attend(query[:, :, 1:], key[:, :, :-1], value[:, :, :-1], self.dropout if self.training else 0.0)
        return _joined(F.pad(result, (0, 0, 1, 0))).unflatten(2, queries.shape[2:])


class ZenAttention(nn.Module):
    """Zen mode (paper 3.5.1): attention on every s-th position, spread back by a causal transposed convolution.

    The coarse query, key and value b come from a strided causal convolution whose window ends at position s * b;
    query b sees keys up to b. Position p takes from coarse results up to p div s. No matrix over all positions is
    ever built.
    """

    def __init__(self, preset: PriorPreset, query_channels: int, key_channels: int):
        super().__init__()
        channels, factor = preset.channels // 2, preset.zen_factor
        self.heads, self.factor, self.dropout = preset.heads, factor, preset.dropout
        self.query = nn.Conv1d(query_channels, channels, factor, stride=factor)
        self.key = nn.Conv1d(key_channels, channels, factor, stride=factor)
        self.value = nn.Conv1d(key_channels, channels, factor, stride=factor)
        self.spread = nn.ConvTranspose1d(channels, channels, 2 * factor, stride=factor)

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        length = queries.shape[2] * queries.shape[3]
        query, key = (F.pad(x.flatten(2), (self.factor - 1, 0)) for x in (queries, keys))
        coarse = (self.query(query), self.key(key), self.value(key))
        query, key, value = (_heads(x.transpose(1, 2), self.heads) for x in coarse)
        result = _joined(attend(query, key, value, self.dropout if self.training else 0.0))
        return self.spread(result)[:, :, :length].unflatten(2, queries.shape[2:])


def attend(query: Tensor, key: Tensor, value: Tensor, dropout: float) -> Tensor:
    """Causal scaled dot-product attention, (batch, heads, positions, channels / heads) each."""
    if query.shape[2] == 0:
        return query
    return F.scaled_dot_product_attention(query, key, value, dropout_p=dropout, is_causal=True)


def _heads(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(2, (heads, -1)).transpose(1, 2)


def _joined(x: Tensor) -> Tensor:
    """(batch, heads, positions, channels / heads) to (batch, channels, positions)."""
    return x.transpose(1, 2).flatten(2).transpose(1, 2)


def _coordinates(shape: tuple[int, int]) -> Tensor:
    """Height and width of every position, each from -1/2 to 1/2: (1, 2, height, width)."""
    axes = [(torch.arange(n, dtype=torch.float32) - n / 2) / n for n in shape]
    return torch.stack(torch.meshgrid(*axes, indexing="ij")).unsqueeze(0)
