"""The library on the page: what is in it, what happens to it, and its takes as files to take home."""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from foley.takes.export import FORMATS, NORMALISE, RATES, TEMPLATE, ExportSettings, export, render
from foley.takes.library import Library
from foley.takes.take import Take
from foley.ui.session.visitors import address

MOST_SHOWN = 1000


def shelf_value(library: Library) -> dict[str, Any]:
    """What the page shows of a library, the newest first."""
    entries = library.entries()[:MOST_SHOWN]
    return {
        "takes": [
            {
                "file": entry.file,
                "title": entry.title,
                "category": entry.category,
                "seed": entry.seed,
                "seconds": round(entry.duration_s, 2),
                "loudness": round(entry.loudness_lufs, 2),
                "star": entry.star,
                "edits": "; ".join(entry.edits),
                "url": address(library.folder / entry.file),
            }
            for entry in entries
            if (library.folder / entry.file).is_file()
        ]
    }


def change_shelf(library: Library, asked: dict[str, Any]) -> list[str]:
    """Star, name or delete as the page asks. Returns the files that are gone. Raises LibraryError."""
    files = [str(file) for file in asked.get("files", [])]
    if asked.get("do") == "star":
        for file in files:
            library.change(file, star=bool(asked.get("star")))
    elif asked.get("do") == "name" and files:
        library.change(files[0], name=str(asked.get("name", "")))
    elif asked.get("do") == "delete":
        library.delete(files)
        return files
    return []


def export_settings(values: dict[str, Any]) -> ExportSettings:
    """The settings of the page's form. Raises ValueError naming what cannot be."""
    try:
        return ExportSettings(
            format=str(values["format"]),
            sample_rate=int(values["sample_rate"]),
            trim=bool(values["trim"]),
            fade_in_s=float(values["fade_in_s"] or 0),
            fade_out_s=float(values["fade_out_s"] or 0),
            normalise=str(values["normalise"]),
            level=float(values["level"] or 0),
            loop=bool(values["loop"]),
            template=str(values["template"]) or TEMPLATE,
        )
    except (KeyError, TypeError):
        raise ValueError("The export settings are not complete: load the page again.") from None


def export_takes(
    library: Library, take_of: Callable[[str], Take], files: list[str], settings: ExportSettings, folder: Path
) -> Iterator[tuple[int, Path | None, str]]:
    """Write takes for the page to download: (takes done, None, "") after each, at last the file and words about it.

    One take is a file of its own, more are a ZIP. `take_of` gives the take of a file in the library.
    """
    if not files:
        raise ValueError("There is no take to export: make one, or choose some in the library.")
    paths, words = [], ""
    for number, file in enumerate(files, start=1):
        entry, take = library.get(file), take_of(file)
        paths.append(export(take, folder / "export", settings, number, entry.name))
        if len(files) == 1 and (settings.loop or settings.normalise != "off"):
            words = render(take, settings).words
        yield number, None, ""
    if len(paths) == 1:
        yield 1, paths[0], ", ".join(filter(None, (paths[0].name, words)))
        return
    archive = folder / f"foley-studio-{len(paths)}-takes.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:
        for path in dict.fromkeys(paths):  # the same take twice is one file
            zipped.write(path, path.name)
    yield len(paths), archive, archive.name


SHELF = """
<section class="shelf" aria-label="Library">
  <header>
    <h4>Library <span data-count></span></h4>
    <label class="pick" title="Show the takes of one class"><span>Class</span><select data-filter aria-label="Show class"></select></label>
    <button type="button" class="bring" data-bring aria-label="Bring a take back" title="Open a WAV or FLAC of foley studio: its recipe brings the same samples back (U, or drop the file anywhere)">↥</button>
    <button type="button" class="star" data-only-stars aria-pressed="false" aria-label="Only starred takes" title="Show only takes with a star"></button>
  </header>
  <ul class="rows" data-rows role="listbox" aria-multiselectable="true" aria-label="Takes, the newest first"></ul>
  <p class="note" data-empty>Every take is kept here. Drop a WAV or FLAC of foley studio on the page to bring its take back.</p>
  <footer data-chosen hidden><span></span><button type="button" data-none title="Choose none">none</button>
    <button type="button" data-delete-chosen title="Delete the chosen takes and their files (Del)">Delete</button></footer>
</section>
"""  # noqa: E501
ON_SHELF = (
    "window.foley.shelf(element, () => props.value, trigger); watch('value', () => window.foley.restock(props.value));"
)


def shelf(value: dict[str, Any], **settings: Any) -> gr.HTML:
    """The library as a list that the page keeps in order; it also carries what the page asks for as events:
    `submit` for edits, `select` to open a take, `input` for stars, names and deletions, `click` to export.
    """
    settings = {"js_on_load": ON_SHELF, "apply_default_css": False} | settings
    return gr.HTML(value, html_template=SHELF, **settings)


def _options(values, chosen=None) -> str:
    return "".join(
        f'<option value="{value}"{" selected" * (value == chosen)}>{words}</option>' for value, words in values
    )


EXPORT = f"""
<form class="panel" data-form="export" onsubmit="return false" aria-label="Export">
  <h4>Export</h4>
  <label title="The file's format and depth; 16 bits are dithered"><span>Format</span>
    <select name="format">{_options(((name, name) for name in FORMATS), "WAV 24-bit")}</select></label>
  <label title="Samples a second; resampled with a wide Kaiser window"><span>Rate</span>
    <select name="sample_rate">{_options(((rate, f"{rate / 1000:g} kHz") for rate in RATES), 24_000)}</select></label>
  <label title="Cut the silence below −60 dBFS off both ends"><span>Trim silence</span>
    <input type="checkbox" name="trim"></label>
  <label title="Cut and crossfade the take where its ends are most alike, so that it runs on without a click">
    <span>Seamless loop</span><input type="checkbox" name="loop"></label>
  <label title="Seconds in which the sound comes up"><span>Fade in</span>
    <input type="number" name="fade_in_s" value="0" min="0" max="30" step="0.01"><i>s</i></label>
  <label title="Seconds in which the sound goes away"><span>Fade out</span>
    <input type="number" name="fade_out_s" value="0" min="0" max="30" step="0.01"><i>s</i></label>
  <label title="Off leaves the level alone; else the whole take is turned up or down"><span>Level</span>
    <select name="normalise">{_options(zip(NORMALISE, ("as it is", "peak", "loudness"), strict=True))}</select></label>
  <label title="The level wanted: dBFS for peak, LUFS for loudness"><span>to</span>
    <input type="number" name="level" value="-1" min="-70" max="0" step="0.1"><i data-unit>dB</i></label>
  <label class="wide" title="The file's name. Fields: {{ucs}} {{title}} {{class}} {{seed}} {{temperature}} {{model}} {{number}} {{name}}">
    <span>Name</span><input type="text" name="template" value="{TEMPLATE}" spellcheck="false"></label>
  <button type="button" class="wide" data-export title="Export the chosen takes, or the one at hand (E)">Export <kbd>E</kbd></button>
</form>
"""  # noqa: E501
