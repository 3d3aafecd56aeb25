"""The incremental sampler on an NVIDIA GPU: every step for a code is captured as a CUDA graph, once, and replayed.

A step is some hundred small kernels: launched one by one from Python they would take many times longer than they run.
Nothing goes back to the host between codes; the device knows its place in the grid itself.
"""

from collections.abc import Callable

import torch

from foley.sampling.backends.torch_backend import Steps, TorchBackend

_WARM_UP = 3  # steps before a capture, in which libraries allocate what they need


class CudaGraphBackend(TorchBackend):
    """Samples with the given weights, which are on a CUDA device."""

    def stepper(self, steps: Steps) -> Callable[[bool], None]:
        """Replays of one graph for coarse positions and one for those between them."""
        device = steps.device
        kinds = (True, False) if steps.factor > 1 else (True,)
        with torch.cuda.device(device):
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for coarse in kinds * _WARM_UP:
                    steps.column.zero_()
                    steps.position.zero_()
                    steps.code(coarse)
            torch.cuda.current_stream().wait_stream(side)
            graphs = {}
            for coarse in kinds:
                graphs[coarse] = torch.cuda.CUDAGraph()
                with torch.cuda.graph(graphs[coarse]):
                    steps.code(coarse)
            steps.forget()

        def replay(coarse: bool) -> None:
            with torch.cuda.device(device):
                graphs[coarse].replay()

        return replay
