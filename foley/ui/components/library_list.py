"""The library on the page: its rows, and how the page learns of changes."""

import json
import threading
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr

from foley.audio.loudness import is_nearly_silent
from foley.categories import Category
from foley.takes.edits import last_edit, source_of
from foley.takes.library import Entry, Library
from foley.takes.trash import Trash
from foley.ui.components.protocol import Delete, Rename, Restore, Star, Tag
from foley.ui.session.visitors import address, addresses

TOO_QUIET = "Nearly silent: draw again, or set Variety (temperature) to 0.8 or more."

_versions: WeakKeyDictionary[Library, int] = WeakKeyDictionary()  # of what pages were told of a library
_lock = threading.Lock()


def library_value(library: Library) -> dict[str, Any]:
    """All of a library, the newest first.

    The takes are one text of JSON: Gradio looks through values for files, and copies them one by one on the page.
    """
    entries = library.entries()
    with _lock:
        version = _versions.setdefault(library, 0)
    urls = addresses(library.folder, library.modified_ns())
    takes = [row(entry, urls[entry.file]) for entry in entries if entry.file in urls]
    return {
        "all": True,
        "version": version,
        "takes": json.dumps(takes),
        "gone": [],
        "trashed": len(Trash(library).deleted()),
    }


def library_change(library: Library, changed: Iterable[Entry], gone: Iterable[str] = ()) -> dict[str, Any]:
    """What became new, and the files that are gone. A page that knows another version than `since` asks for all."""
    with _lock:
        since = _versions.setdefault(library, 0)
        _versions[library] = since + 1
    rows = [row(entry, address(library.folder / entry.file)) for entry in changed]
    trashed = len(Trash(library).deleted())
    return {"since": since, "version": since + 1, "takes": rows, "gone": list(gone), "trashed": trashed}


def row(entry: Entry, url: str) -> dict[str, Any]:
    """What a row shows and is searched, sorted and played by; `url` is where its sound is served."""
    category = Category.parse(entry.category)
    return {
        "file": entry.file,
        "title": entry.name or category.title,
        "category": int(category),
        "class": category.title,
        "seed": entry.seed,
        "temperature": round(entry.temperature, 2),
        "seconds": round(entry.duration_s, 2),
        "peak": round(entry.peak_dbfs, 1),
        "loudness": round(entry.loudness_lufs, 2),
        "made": round(entry.made, 2),
        "star": entry.star,
        "tags": entry.tags,
        "kind": kind(entry.edits),
        "edits": "; ".join(entry.edits),
        "quiet": is_quiet(entry),
        "url": url,
    }


def kind(edits: tuple[str, ...]) -> str:
    """What a take is, in a word or three: how it was made last and, where it began with one, from which recording."""
    source = source_of(edits)
    return ", ".join(filter(None, (last_edit(edits), source and f"from {source}")))


def is_quiet(entry: Entry) -> bool:
    """Whether a take is as good as silent."""
    return is_nearly_silent(entry.loudness_lufs, entry.peak_dbfs)


def change_library(library: Library, message: Star | Rename | Tag | Delete | Restore) -> dict[str, Any]:
    """Do to the library what the page asks for, and say what became of it. Raises LibraryError."""
    match message:
        case Star(files=files, star=star):
            return library_change(library, [library.change(file, star=star) for file in files])
        case Rename(file=file, name=name):
            return library_change(library, [library.change(file, name=name)])
        case Tag(files=files, tag=tag, on=on):
            return library_change(library, library.tag(files, tag, on))
        case Delete(files=files):
            return library_change(library, [], Trash(library).put(files))
        case Restore(files=files):
            return library_change(library, Trash(library).restore(files))


LIST = """
<section class="library" aria-label="Library">
  <header>
    <h2>Library <span data-count></span></h2>
    <button type="button" class="bring" data-bring aria-label="Bring a take back" title="Open a WAV or FLAC of foley studio: its recipe brings the same samples back (U, or drop the file anywhere)">↥</button>
    <button type="button" class="star" data-only-stars aria-pressed="false" aria-label="Only starred takes" title="Show only takes with a star"></button>
  </header>
  <div class="finder" role="search">
    <label title="Search names, tags, classes, seeds and edits (/)"><span>Search</span><input type="search" data-search placeholder="Search  /" aria-label="Search the library" spellcheck="false"></label>
    <label title="Show the takes of one class, or of one tag"><span>Class or tag</span><select data-filter aria-label="Show class or tag"></select></label>
    <label title="The order of the takes"><span>Sort</span><select data-sort aria-label="Sort by">
      <option value="made">newest</option><option value="title">name</option><option value="loudness">loudest</option>
      <option value="seconds">longest</option><option value="star">starred</option></select></label>
  </div>
  <div class="rows" data-rows role="grid" aria-multiselectable="true" aria-label="Takes of the library" tabindex="-1"><div data-height></div></div>
  <p class="note" data-empty>KEPT Drop a WAV or FLAC of foley studio on the page to bring its take back.</p>
  <p class="note" data-trash hidden><button type="button" data-restore title="Bring back what was deleted last (Z)">Take back the last deletion</button></p>
  <footer data-chosen hidden><span></span><span class="tags" data-tags></span>
    <input type="text" data-tag maxlength="40" list="known-tags" placeholder="Tag  M" aria-label="Tag the chosen takes" title="Write a tag, as a scene or a project, and press Enter: all chosen takes get it (M)"><datalist id="known-tags"></datalist><button type="button" data-none title="Choose none (Esc)">none</button>
    <button type="button" data-delete-chosen title="Delete the chosen takes (Del); Z brings them back">Delete</button></footer>
</section>
"""  # noqa: E501


def library_list(kept: str) -> gr.HTML:
    """The library as a list that the page keeps in order; `kept` says how long takes stay in it.

    Returns the component that is told of changes, which is another one: the list's own is never laid out anew.
    """
    begin = "window.foley.library.begin(element);"
    gr.HTML(LIST.replace("KEPT", kept), js_on_load=begin, elem_id="library", apply_default_css=False)
    receive = "watch('value', () => window.foley.library.receive(props.value));"
    return gr.HTML({}, html_template="", js_on_load=receive, elem_classes="unseen", apply_default_css=False)
