"""Checkpoints to and from the Hugging Face hub."""

import shutil
import tempfile
from pathlib import Path

from foley.checkpoints import CONFIG, CheckpointError, read_config
from foley.presets import WEIGHTS
from foley.runs.view import SETTINGS
from foley.system.files import replacing
from training.card import CARD, CURVES
from training.export import export
from training.run import Run

FILES = (CONFIG, *(f"{stage}.safetensors" for stage in WEIGHTS), CARD, CURVES)


class HubError(RuntimeError):
    """The hub could not be reached or refused; the message says what to do."""


def push(source: Path, repository: str, private: bool = False) -> str:
    """Upload a whole checkpoint, or a run's model with its card. Returns its address.

    Raises CheckpointError for a folder that is no whole checkpoint and HubError when the hub refuses.
    """
    from huggingface_hub import HfApi

    _check_name(repository)
    with tempfile.TemporaryDirectory() as place:
        folder = export(Run.open(source), Path(place)) if (source / SETTINGS).is_file() else _whole(source)
        try:
            api = HfApi()
            address = api.create_repo(repository, private=private, exist_ok=True)
            api.upload_folder(
                repo_id=repository, folder_path=folder, allow_patterns=list(FILES), commit_message=f"{source.name}"
            )
        except Exception as error:
            raise HubError(_refusal(repository, error, "log in with `hf auth login` as someone who may")) from None
    return str(address)


def pull(repository: str, target: Path) -> Path:
    """Download a checkpoint into a folder, where each file is replaced whole or not at all. Returns the folder."""
    from huggingface_hub import snapshot_download

    _check_name(repository)
    try:
        folder = Path(snapshot_download(repository, allow_patterns=list(FILES)))
    except Exception as error:
        raise HubError(_refusal(repository, error, "check its name, and the connection")) from None
    _whole(folder)
    for name in FILES:
        if (folder / name).is_file():
            with replacing(target / name) as temporary:
                shutil.copyfile(folder / name, temporary)
    return target


def _whole(folder: Path) -> Path:
    read_config(folder)
    missing = [name for name in FILES if name not in (CARD, CURVES) and not (folder / name).is_file()]
    if missing:
        raise CheckpointError(f"{folder} is no whole checkpoint: it has no {missing[0]}.")
    return folder


def _check_name(repository: str) -> None:
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise ValueError(f"{repository!r} is no name on the hub: it is like someone/foley.")


def _refusal(repository: str, error: Exception, advice: str) -> str:
    reason = str(error).strip().splitlines()
    return f"The hub said no to {repository} ({reason[0] if reason else type(error).__name__}): {advice}."
