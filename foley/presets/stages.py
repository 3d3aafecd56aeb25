"""The stages of a model in the order in which they are trained: the one list that everything else reads."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StageSpec:
    """One stage: its name on the command line and on disk, and how it stands to the others.

    Args:
        name: of its command, its folder in a run and its block in a recipe.
        title: for people.
        weights: the file it leaves in a model's folder, without `.safetensors`.
        builds_on: the stages whose results it is trained on.
        time_share: its share of the minutes that are given for all stages together.
        defines_codes: whether codes mean something else once it has been trained again.
    """

    name: str
    title: str
    weights: str
    builds_on: tuple[str, ...]
    time_share: float
    defines_codes: bool = False


STAGES = {
    spec.name: spec
    for spec in (
        StageSpec("encoder", "Encoder", "cembed", (), 0.15, defines_codes=True),
        StageSpec("vqvae", "MVQVAE", "vqvae", ("encoder",), 0.25, defines_codes=True),
        StageSpec("prior", "Prior", "prior", ("encoder", "vqvae"), 0.3),
        StageSpec("decoder", "Decoder", "vqvae", ("encoder", "vqvae"), 0.1),
        StageSpec("vocoder", "Vocoder", "vocoder", ("encoder", "vqvae", "decoder"), 0.2),
    )
}
WEIGHTS = tuple(dict.fromkeys(spec.weights for spec in STAGES.values()))  # the files of a whole model


def built_on(name: str) -> tuple[str, ...]:
    """The stages that are trained on the results of this one."""
    return tuple(spec.name for spec in STAGES.values() if name in spec.builds_on)
