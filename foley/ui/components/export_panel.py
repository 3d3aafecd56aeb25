"""Takes as files to take home: the form, what it asks for, and the files."""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from foley.takes.export import FORMATS, NORMALISE, RATES, TEMPLATE, WHY_BELOW, ExportSettings, export, render
from foley.takes.library import Library
from foley.takes.take import Take
from foley.ui.components.library_list import is_quiet
from foley.ui.components.protocol import ExportForm

NEARLY_SILENT = "nearly silent"


def export_settings(form: ExportForm) -> ExportSettings:
    """The settings of the page's form. Raises ValueError naming what cannot be."""
    return ExportSettings(
        format=form.format,
        sample_rate=form.sample_rate,
        trim=form.trim,
        fade_in_s=float(form.fade_in_s or 0),
        fade_out_s=float(form.fade_out_s or 0),
        normalise=form.normalise,
        level=float(form.level) if form.level else None,  # the usual one of its kind
        loop=form.loop,
        one_event=form.one_event,
        template=form.template or TEMPLATE,
    )


def export_takes(
    library: Library, take_of: Callable[[str], Take], files: Iterable[str], settings: ExportSettings, folder: Path
) -> Iterator[tuple[int, Path | None, str]]:
    """Write takes for the page to download: (takes done, None, "") after each, at last the file and words about it.

    One take is a file of its own, more are a ZIP. `take_of` gives the take of a file in the library.
    """
    files = list(files)
    if not files:
        raise ValueError("There is no take to export: make one, or choose some in the library.")
    paths, notes, missing, silent = [], [], [], 0
    for number, file in enumerate(files, start=1):
        entry, take = library.get(file), take_of(file)
        rendered = render(take, settings)
        paths.append(export(take, folder / "export", settings, number, entry.name, rendered))
        notes.append(", ".join(filter(None, (rendered.words, NEARLY_SILENT * is_quiet(entry)))))
        missing += [rendered.missing_db] * rendered.is_short
        silent += is_quiet(entry)
        yield number, None, ""
    if len(paths) == 1:
        yield 1, paths[0], ", ".join(filter(None, (paths[0].name, notes[0])))
        return
    short = f"{len(missing)} of {len(paths)} stay below the level asked for"
    words = [f"{short}, by up to {max(missing):.1f} dB: {WHY_BELOW}"] if missing else []
    words += [f"{silent} of {len(paths)} {NEARLY_SILENT}"] * bool(silent)
    archive = folder / f"foley-studio-{len(paths)}-takes.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:
        for path in dict.fromkeys(paths):  # the same take twice is one file
            zipped.write(path, path.name)
    yield len(paths), archive, ", ".join((archive.name, *words))


def _options(values: Iterable[tuple[Any, str]], chosen: Any = None) -> str:
    return "".join(
        f'<option value="{value}"{" selected" * (value == chosen)}>{words}</option>' for value, words in values
    )


def _rate(rate: int) -> str:
    return f"{rate / 1000:g} kHz" + (", upsampled" if rate > 24_000 else "")


EXPORT = f"""
<form class="panel" data-form="export" onsubmit="return false" aria-label="Export">
  <h2>Export</h2>
  <label title="The file's format and depth; 16 bits are dithered"><span>Format</span>
    <select name="format">{_options(((name, name) for name in FORMATS), "WAV 24-bit")}</select></label>
  <label title="Samples a second. The model makes 24 kHz, so nothing lies above 12 kHz; a higher rate fits your session and adds no treble"><span>Rate</span>
    <select name="sample_rate">{_options(((rate, _rate(rate)) for rate in RATES), 24_000)}</select></label>
  <label title="Cut the silence below −60 dBFS off both ends"><span>Trim silence</span>
    <input type="checkbox" name="trim"></label>
  <label title="Cut and crossfade the take where its ends are most alike, so that it runs on without a click">
    <span>Seamless loop</span><input type="checkbox" name="loop"></label>
  <label class="wide" title="Cut out the strongest single event, one bark or one step, to where its tail ends or the next one begins">
    <span>One event only</span><input type="checkbox" name="one_event"></label>
  <label title="Seconds in which the sound comes up"><span>Fade in</span>
    <input type="number" name="fade_in_s" value="0" min="0" max="30" step="0.01"><i>s</i></label>
  <label title="Seconds in which the sound goes away. A take stops hard where its length ends: 0.02 s are enough to hear no click"><span>Fade out</span>
    <input type="number" name="fade_out_s" value="0.02" min="0" max="30" step="0.01"><i>s</i></label>
  <label title="Off leaves the level alone; else the whole take is turned up or down"><span>Level</span>
    <select name="normalise">{_options(zip(NORMALISE, ("as it is", "peak", "loudness"), strict=True))}</select></label>
  <label title="The level wanted: dBFS for peak, LUFS for loudness, where the true peak stays below −1 dBTP. What stays below is told"><span>to</span>
    <input type="number" name="level" value="-1" min="-70" max="0" step="0.1"><i data-unit>dB</i></label>
  <label class="wide" title="The file's name. Fields: {{ucs}} {{title}} {{class}} {{seed}} {{edit}} {{source}} {{temperature}} {{model}} {{number}} {{name}}">
    <span>Name</span><textarea name="template" rows="2" spellcheck="false" onkeydown="if (event.key === 'Enter') event.preventDefault()">{TEMPLATE}</textarea></label>
  <button type="button" class="wide" data-preview title="Hear the take at hand as the loop that Export would write">Hear the loop</button>
  <button type="button" class="wide primary" data-export title="Export the chosen takes, or the one at hand (E)">Export <kbd>E</kbd></button>
  <button type="button" class="wide" data-export-stars title="Export every take with a star as one ZIP">Export all starred</button>
</form>
"""  # noqa: E501
