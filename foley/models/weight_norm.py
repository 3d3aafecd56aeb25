"""Weight norm on and off: training may use it, what is saved and sampled has it folded away."""

from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm
from torch.nn.utils.parametrize import is_parametrized

_LAYERS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.Linear)


def add_weight_norm(model: nn.Module) -> nn.Module:
    """Give every convolution and linear layer weight norm (Salimans & Kingma 2016), in place."""
    for layer in list(model.modules()):
        if isinstance(layer, _LAYERS) and not is_parametrized(layer):
            weight_norm(layer)
    return model


def folded_state(model: nn.Module) -> dict[str, Tensor]:
    """The state of the same model without weight norm: plain weights in its place.

    The model itself stays as it is: removing a parametrization would remove it from copies of the model, too.
    """
    state = {name: value for name, value in model.state_dict().items() if ".parametrizations." not in name}
    for name, layer in model.named_modules():
        if isinstance(layer, _LAYERS) and is_parametrized(layer, "weight"):
            state[f"{name}.weight"] = layer.weight.detach()
    return state
