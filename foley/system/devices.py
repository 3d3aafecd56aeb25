"""Which device the networks run on."""

import torch


def choose_device(name: str = "auto") -> torch.device:
    """The best device here for `auto`, else the one named: `cpu`, `cuda`, `cuda:1`, `mps`.

    Raises ValueError when it is not there.
    """
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if here[kind]))
    kind, _, number = name.partition(":")
    known = here.get(kind, False) and (not number or number.isdigit())
    if not known or (number and kind == "cuda" and int(number) >= torch.cuda.device_count()):
        devices = ", ".join(kind for kind in here if here[kind])
        raise ValueError(f"There is no device {name!r} here: use one of auto, {devices}.")
    return torch.device(name)
