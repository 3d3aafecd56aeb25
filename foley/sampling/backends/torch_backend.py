"""The incremental sampler in plain torch: a step for each row, a step for each code, on any device.

Every shape is static and the place in the grid is a tensor itself, so that a step can be captured as a CUDA graph.
"""

from collections.abc import Callable, Generator

import torch
from torch import Tensor
from torch.nn import functional as F

from foley.models.pixelsnail import code_offsets
from foley.sampling.caches import Caches
from foley.sampling.gumbel import gumbel_max
from foley.sampling.state import SamplingState
from foley.sampling.weights import Weights
from foley.sampling.winograd import filtering

_CODES = 8  # codes between two reports, each of which waits for the device


class TorchBackend:
    """Samples with the given weights, on the device they are on."""

    def __init__(self, weights: Weights[Tensor], heads: int):
        self.weights, self.heads = weights, heads

    def run(self, state: SamplingState) -> Generator[int]:
        """Fill in the codes; yields the number of positions done, every few codes."""
        steps = Steps(self.weights, self.heads, state)
        step = self.stepper(steps)
        width, positions = state.codes.shape[2], state.positions
        for row in range(-(-positions // width)):
            steps.begin_row(row, state)
            yield row * width
            for first in range(0, width, _CODES):
                last = min(first + _CODES, width)
                for column in range(first, last):
                    step(steps.is_coarse(row * width + column))
                steps.read_codes(state, row, slice(first, last))
                yield min(row * width + last, positions)

    def stepper(self, steps: "Steps") -> Callable[[bool], None]:
        """What samples the next code, told whether its position is a coarse one."""
        return steps.code


class Steps:
    """The caches of some takes and the two steps that move them on."""

    def __init__(self, weights: Weights[Tensor], heads: int, state: SamplingState):
        self.weights, self.heads, self.settings = weights, heads, state.settings
        self.device = weights.tables.device
        self.caches = Caches.of(state, weights, self.device)
        self.blocks, self.factor = weights.query.shape[:2]
        self.kernel = weights.above1.shape[2] + 1
        self.half = self.kernel // 2
        self.filtering = filtering(self.kernel)
        self.to_points, self.from_points = (
            torch.from_numpy(matrix).to(self.device, torch.float32)
            for matrix in (self.filtering.to_points, self.filtering.from_points)
        )
        self.zen = weights.spread.shape[1] > 0
        self.width = state.codes.shape[2]
        offsets = code_offsets(self.kernel)
        self.above_offsets = [(n, offset) for n, offset in enumerate(offsets) if offset[0]]
        self.left_tables = weights.tables[-self.half :]
        self.above = [weight.flatten(2, 3) for weight in (weights.above1, weights.above2)]
        self.left = [weight.flatten(1, 2) for weight in (weights.left1, weights.left2)]
        takes, codebook_size = len(state.seeds), state.codebook_size
        self.column = torch.zeros(1, dtype=torch.long, device=self.device)
        self.position = torch.zeros(1, dtype=torch.long, device=self.device)
        self.reach = torch.arange(self.half, device=self.device)
        self.window = torch.arange(self.factor, device=self.device)
        self.times = torch.arange(self.caches.keys.shape[-1], device=self.device)
        self.noise = torch.zeros(takes, self.width, codebook_size, device=self.device)
        self.guidance = None if state.guidance is None else torch.zeros_like(self.noise)
        self.row_logits = torch.zeros_like(self.noise)
        self.row_codes = torch.zeros(takes, self.half + self.width, dtype=torch.long, device=self.device)
        self.row_keep = torch.zeros(takes, self.width, dtype=torch.bool, device=self.device)

    def is_coarse(self, position: int) -> bool:
        """Whether this position brings a new coarse query, key and value (all do in full attention)."""
        return position % self.factor == 0

    def begin_row(self, row: int, state: SamplingState) -> None:
        """Move the caches down by a row and take from the rows above all that this row needs."""
        weights, caches = self.weights, self.caches
        if row:
            for newest, above in ((caches.features, caches.features_above), (caches.hidden, caches.hidden_above)):
                above[:, (row - 1) % (self.kernel - 1)] = self._at_points(newest)
        condition = caches.condition[:, min(row, caches.condition.shape[1] - 1)]
        caches.above1.copy_(self._from_above(caches.features_above, self.above[0], row) + weights.bias1[:, None, None])
        caches.above2.copy_(self._from_above(caches.hidden_above, self.above[1], row) + weights.bias2[:, None, None])
        caches.above2[:, :, : self.width].add_(condition @ weights.condition[:, None])
        start = weights.input_bias
        for n, (up, right) in self.above_offsets:
            first = self.half + right
            codes = caches.codes[:, self.half + row - up, first : first + self.width]
            start = start + weights.tables[n][codes]
        caches.start.copy_(start)
        self.noise.copy_(torch.from_numpy(state.noise(row)))
        if self.guidance is not None:
            self.guidance.copy_(torch.from_numpy(state.row_guidance(row)))
        self.row_codes.copy_(caches.codes[:, self.half + row, : self.half + self.width])
        self.row_keep.copy_(state.keep[:, row])
        self.column.zero_()
        self.position.fill_(row * self.width)

    def read_codes(self, state: SamplingState, row: int, columns: slice) -> None:
        """Hand the sampled codes of this row over to the state and to the rows below."""
        codes = self.row_codes[:, self.half :][:, columns]
        self.caches.codes[:, self.half + row, self.half : self.half + self.width][:, columns] = codes
        state.codes[:, row, columns] = codes.cpu()
        if state.logits is not None:
            state.logits[:, row, columns] = self.row_logits[:, columns].cpu()

    def forget(self) -> None:
        """Back to before the first code, for steps that were taken to warm up."""
        kept = (self.caches.codes, self.caches.condition)
        for cache in self.caches:
            if all(cache is not other for other in kept):
                cache.zero_()

    def code(self, coarse: bool) -> None:
        """Sample the code at `column` and move one position on."""
        weights, caches = self.weights, self.caches
        here = self.half + self.column
        left = self.column + self.reach
        updates = self._residual_updates(left, here)
        neighbours = self.row_codes.index_select(1, left)
        features = caches.start.index_select(1, self.column)[:, 0]
        for table, codes in zip(self.left_tables, neighbours.T, strict=True):
            features = features + table[codes]
        coordinates = weights.coordinates.index_select(0, self.position).expand(len(features), -1)
        for block in range(self.blocks):
            features = self._block(block, features, updates[block], coordinates, coarse)
        for layer in range(len(weights.tail1)):
            hidden = F.elu(features) @ weights.tail1[layer] + weights.tail1_bias[layer]
            features = features + F.glu(F.elu(hidden) @ weights.tail2[layer] + weights.tail2_bias[layer])
        logits = F.elu(features) @ weights.logits + weights.logits_bias
        self.row_logits.index_copy_(1, self.column, logits[:, None])
        if self.guidance is not None:
            logits = logits + self.guidance.index_select(1, self.column)[:, 0]
        codes = gumbel_max(logits, self.noise.index_select(1, self.column)[:, 0], self.settings)[:, None]
        kept = self.row_keep.index_select(1, self.column)
        codes = torch.where(kept, self.row_codes.index_select(1, here), codes)
        self.row_codes.index_copy_(1, here, codes)
        self.column.add_(1)
        self.position.add_(1)

    def _at_points(self, rows: Tensor) -> Tensor:
        """(R, N, padded width, channels) to (R, points, N x tiles, channels)."""
        tiles = rows.unfold(2, self.filtering.points, self.filtering.outputs)
        return torch.einsum("rntci,pi->rpntc", tiles, self.to_points).flatten(2, 3)

    def _from_above(self, rows: Tensor, weights: Tensor, row: int) -> Tensor:
        """What (R, k - 1, points, N x tiles, channels) gives to this row: (R, N, tiles x outputs, channels)."""
        up = self.kernel - 1
        order = [(row + n) % up for n in range(up)]  # the farthest first
        inputs = rows[:, order].permute(0, 2, 3, 1, 4).flatten(3)
        products = torch.bmm(inputs.flatten(0, 1), weights.flatten(0, 1)).unflatten(0, inputs.shape[:2])
        outputs = torch.einsum("rpto,mp->rtmo", products, self.from_points)
        takes = self.caches.features.shape[1]
        return outputs.unflatten(1, (takes, -1)).flatten(2, 3)

    def _residual_updates(self, left: Tensor, here: Tensor) -> Tensor:
        """What every causal residual block adds at this position: (blocks, residual blocks, takes, channels).

        None of them sees its own position, so all are found at once from what lies to the left.
        """
        caches, (left1, left2) = self.caches, self.left
        features, hidden = caches.features, caches.hidden
        new = torch.bmm(features.index_select(2, left).flatten(2), left1)
        new = F.elu(new + caches.above1.index_select(2, self.column)[:, :, 0])
        update = torch.bmm(hidden.index_select(2, left).flatten(2), left2)
        update = F.glu(update + caches.above2.index_select(2, self.column)[:, :, 0])
        hidden.index_copy_(2, here, new[:, :, None])
        return update.unflatten(0, (self.blocks, -1))

    def _block(self, block: int, features: Tensor, updates: Tensor, coordinates: Tensor, coarse: bool) -> Tensor:
        weights, caches = self.weights, self.caches
        local = features + updates.cumsum(0)
        inputs = torch.cat([features[None], local[:-1]])
        rows = caches.features.unflatten(0, (self.blocks, -1))[block]
        rows.index_copy_(2, self.half + self.column, F.elu(inputs)[:, :, None])
        local = local[-1]
        newest = (self.position - 1) % self.factor  # where the newest comes last when a window ends
        caches.key_inputs[block].index_copy_(1, newest, torch.cat([features, local, coordinates], dim=1)[:, None])
        attended = self._zen(block, coarse) if self.zen else self._attention(block)
        hidden = F.elu(local) @ weights.output1[block] + F.elu(attended) @ weights.auxiliary[block]
        hidden = F.elu(hidden + weights.output1_bias[block])
        return local + F.glu(hidden @ weights.output2[block] + weights.output2_bias[block])

    def _attention(self, block: int) -> Tensor:
        """Strictly causal: the first position sees nothing, which the empty values make zero."""
        result = self._attend(block, self.times < self.position)
        self._append_key_and_value(block, self.position)
        return result

    def _zen(self, block: int, coarse: bool) -> Tensor:
        now, following = self.caches.spread_now[block], self.caches.spread_next[block]
        if coarse:
            time = self.position // self.factor
            self._append_key_and_value(block, time)
            result = self._attend(block, self.times <= time)
            spread = (result @ self.weights.spread[block].flatten(1)).view(len(result), 2 * self.factor, -1)
            now.copy_(following + spread[:, : self.factor])
            following.copy_(spread[:, self.factor :])
        return now.index_select(1, self.position % self.factor)[:, 0] + self.weights.spread_bias[block]

    def _append_key_and_value(self, block: int, time: Tensor) -> None:
        """Append the key and value of the newest positions."""
        caches, weights = self.caches, self.weights
        layers = weights.key1, weights.key1_bias, weights.key2, weights.key2_bias
        features = self._window(_gated(caches.key_inputs[block], *(layer[block] for layer in layers)))
        key = features @ weights.key[block].flatten(0, 1) + weights.key_bias[block]
        value = features @ weights.value[block].flatten(0, 1) + weights.value_bias[block]
        caches.keys[block].index_copy_(2, time, key[:, :, None])
        caches.values[block].index_copy_(2, time, value[:, :, None])

    def _attend(self, block: int, visible: Tensor) -> Tensor:
        """What the newest positions' query sees of the `visible` times: (takes, A)."""
        caches, weights = self.caches, self.weights
        layers = weights.query1, weights.query1_bias, weights.query2, weights.query2_bias
        features = caches.key_inputs[block][:, :, -weights.query1.shape[1] :]
        features = self._window(_gated(features, *(layer[block] for layer in layers)))
        query = features @ weights.query[block].flatten(0, 1) + weights.query_bias[block]
        query = query.unflatten(1, (self.heads, 1, -1))
        keys, values = (x[block].unflatten(1, (self.heads, -1)) for x in (caches.keys, caches.values))
        scores = query @ keys * query.shape[-1] ** -0.5
        scores = scores.masked_fill(~visible, -1e30)  # not infinite: nothing visible must not become NaN
        return (torch.softmax(scores, dim=-1) @ values.transpose(2, 3)).flatten(1)

    def _window(self, features: Tensor) -> Tensor:
        """(takes, s, channels) side by side, positions before the first one as zeros."""
        exists = self.position - self.factor + 1 + self.window >= 0
        return (features * exists[:, None]).flatten(1)


def _gated(features: Tensor, first: Tensor, first_bias: Tensor, second: Tensor, second_bias: Tensor) -> Tensor:
    hidden = F.elu(F.elu(features) @ first + first_bias)
    return features + F.glu(hidden @ second + second_bias, dim=-1)
