"""The menu of models in the top bar: what there is, what its sounds may be used for, and opening another."""

from collections.abc import Callable, Generator

import gradio as gr

from foley.pipeline import Foley
from foley.ui.session.device import error_message
from foley.ui.session.models import Models


class ModelMenu:
    """The menu inside the open Blocks; opening a model sets `outputs`: its name, what the top bar says, the menu."""

    def __init__(self, models: Models, model: gr.State, top_bar: gr.HTML, describe: Callable[..., str]):
        self._models, self._describe, self.model = models, describe, model
        menu = gr.Dropdown(
            models.choices(), value=models.name, show_label=False, container=False, label="Model",
            elem_id="model-menu", allow_custom_value=models.takes_paths, interactive=True,
        )  # fmt: skip
        self.outputs = [model, top_bar, menu]
        # beside the queue of the model: who listens or draws is not kept waiting by somebody's download
        menu.input(
            self.open, [menu, model], self.outputs,
            show_progress="minimal", show_progress_on=menu, concurrency_limit=1, api_visibility="private",
        )  # fmt: skip

    def choices(self) -> list[tuple[str, str]]:
        """The models that training can go on with, as (words, folder): those that are found here."""
        return self._models.folders()

    def open(self, name: str, now: str) -> Generator[tuple, None, bool]:
        """Open the model of that name instead of `now`, on the page that asks for it; return whether it is."""
        name = (name or "").strip()
        try:
            yield now, self._describe(self._models.get(now), f"Opening {name} …"), gr.skip()
            foley = self._models.open(name)
            yield name, self._describe(foley), gr.Dropdown(self._models.choices(), value=name or self._models.name)
            return True
        except Exception as error:
            gr.Warning(error_message(error))
            yield now, self._describe(self._models.get(now)), now or self._models.name
            return False


def terms(foley: Foley) -> tuple[str, str]:
    """The licence of a model's weights in a word, and what it means for the sounds in a sentence."""
    if foley.preset.encoder.kind == "mert" or "-nc" in foley.licence.lower():
        return "not for sale", (
            f"Licence of the weights: {foley.licence}. They rest on non-commercial work: their sounds may not be sold."
        )
    if foley.licence == "not stated":
        return "licence not stated", "The model's card states no licence: ask whoever trained it before you publish."
    if foley.licence == "see-the-recordings":
        return "licence in the model card", (
            "The weights carry the licences of the recordings that they were trained on: the model card names them."
        )
    return foley.licence, (
        f"Licence of the weights: {foley.licence}. What it allows to do with the sounds stands in the model card; "
        "every file carries its name."
    )
