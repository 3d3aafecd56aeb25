"""What programs may call, with gradio_client or over HTTP: the same functions of the pipeline as the page."""

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import api
from gradio_client.utils import is_file_obj_with_meta

from foley.audio.files import AudioError, peak_dbfs
from foley.categories import Category
from foley.conditions.asked import asked_of
from foley.sampling import TOP_P, Progress
from foley.sampling.noise import check_seed
from foley.takes.take import Reconstruction, Take
from foley.ui.session.device import USES_MODEL, error_message
from foley.ui.session.visitors import new_folder, served


def whole_number(what: str, value: Any) -> int:
    """A number that a program sent where a whole one is wanted. Raises ValueError for any other value."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{what} is {repr(value)[:30]}, but must be a whole number.")
    return value


def _described(take: Take, folder: Path) -> dict[str, Any]:
    """What programs are told of a take, with its file, which is written into a folder."""
    return {
        **take.recipe.settings,
        "peak_dbfs": peak_dbfs(take.waveform),
        "nearly_silent": take.is_nearly_silent,
        "wav": served(take.save(folder)),
    }


def add_endpoints(
    stream: Callable[..., Generator[Progress | Take]], reconstruct_recording: Callable[..., Reconstruction]
) -> None:
    """Open `classes`, `generate` and `reconstruct` to programs, inside the open Blocks."""

    def classes() -> list[str]:
        """The names of the seven classes that sounds can be made of, in the order of their ids."""
        return [category.name for category in Category]

    def generate(
        category: str,
        seed: int = 0,
        temperature: float = 1.0,
        count: int = 1,
        top_k: int = 0,
        top_p: float = TOP_P,
        knobs: dict[str, float] | None = None,
        request: gr.Request | None = None,
    ) -> list[dict[str, Any]]:
        """New sounds of a class. The same arguments give the same samples as on the page and the command line.

        Args:
            category: a class by name or id, such as DogBark.
            seed: of the first take; the others count on from it.
            temperature: 0 for the most likely sound, 1 for the model's own variety, more for stranger ones.
            count: how many takes.
            top_k: keep only so many of the likeliest codes; 0 keeps all.
            top_p: keep only the likeliest codes up to this share; 1 keeps all.
            knobs: any of pitch, tone, brightness, loudness, density and tail, from 0 to 1; 0.5 is usual of the class.

        Returns:
            For every take its recipe, its peak in dBFS, whether it is nearly silent, and its WAV file (24-bit).
        """
        try:
            count = whole_number("The number of takes", count)
            check_seed(seed)
            if not isinstance(category, str | int):
                raise ValueError(f"There is no class {repr(category)[:30]}: name one of /classes.")
            folder = new_folder(request)
            asked = asked_of(knobs)
            with closing(stream(category, seed, temperature, count, top_k, top_p, asked)) as events:
                # each is written as it comes: of many takes only one is in memory, and the model works on meanwhile
                return [_described(event, folder) for event in events if isinstance(event, Take)]
        except Exception as error:
            raise gr.Error(error_message(error), print_exception=False) from None

    def reconstruct(recording: dict, seed: int = 0, request: gr.Request | None = None) -> dict[str, Any]:
        """A recording through CEmbed, codes and vocoder and back; the first seconds of it are taken.

        Args:
            recording: an uploaded sound file (with gradio_client: handle_file("sound.wav")).
            seed: of the vocoder's noise.

        Returns:
            The reconstructed WAV file, its log-mel L1 to the recording, the class head's shares, and the codes.
        """
        try:
            if not is_file_obj_with_meta(recording):  # only of these has Gradio checked that they are uploads
                raise AudioError("The recording must be an uploaded file.")
            result = reconstruct_recording(recording["path"], check_seed(seed))
            return {
                "wav": served(result.save(new_folder(request) / "reconstruction.wav")),
                "log_mel_l1": result.log_mel_l1,
                "class_shares": {category.name: share for category, share in result.class_shares.items()},
                "codes": result.codes.tolist(),
            }
        except Exception as error:
            raise gr.Error(error_message(error), print_exception=False) from None

    api(classes, api_name="classes", queue=False)
    api(generate, api_name="generate", **USES_MODEL)
    api(reconstruct, api_name="reconstruct", **USES_MODEL)
