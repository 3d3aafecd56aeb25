"""Weight norm on and off: training may use it, what is saved and sampled has it folded away."""

from torch import nn
from torch.nn.utils.parametrizations import weight_norm
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

_LAYERS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.Linear)


def add_weight_norm(model: nn.Module) -> nn.Module:
    """Give every convolution and linear layer weight norm (Salimans & Kingma 2016), in place."""
    for layer in list(model.modules()):
        if isinstance(layer, _LAYERS) and not is_parametrized(layer):
            weight_norm(layer)
    return model


def fold_weight_norm(model: nn.Module) -> nn.Module:
    """Replace weight norm by the plain weights it amounts to, in place."""
    for layer in list(model.modules()):
        if is_parametrized(layer, "weight"):
            remove_parametrizations(layer, "weight")
    return model
