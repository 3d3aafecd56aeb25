"""How page and Python talk: every wish of the page is one message, of one type, with one handler on each side.

The page sends `{"action": ..., ...}` through a mailbox: a component without a face whose one event is `submit`. There
are a few of them because each has a queue of its own: who stars a take does not wait for who draws one.

| mailbox | its queue | messages |
| --- | --- | --- |
| `library` | in order, so that no older answer undoes a newer one | `list`, `star`, `rename`, `tag`, `delete`, … |
| `model` | one at a time, with all else that uses it | `siblings`, `region`, `continue`, `redraw`, `say`, `open`, … |
| `say` | none: it is answered at once | `understand` |
| `heard` | none: the run that waits for it holds the model | `heard` |
| `export` | its own: nobody's drawing waits for a file | `export`, `preview` |
| `recording` | as `model` | `use_recording`, `choose_part` |
| `explore` | as `model` | `hear_code`, `open_cell` |
| `perform` | as `model` | `perform`, `warm`, `close_video` |
| `save` | its own | `save_performance` |
| `settings` | none: the page answers itself, with the settings of a take or those it was left with | `settings` |
| `perform_settings` | likewise, those that the Perform tab was left with | `perform_settings` |

In JavaScript, `send(message)` of `static/protocol.js` looks the action up in its table `MAILBOXES`. In Python, each
mailbox has a dictionary from message type to handler (`Mailbox.on`). What Python has to say comes back as values of
components: takes on the stage, rows of the library, the progress bar; and what is none of these (a file to download, a
loop to hear) as `{"action": ...}` through `answers`, for which `protocol.js` has the table `ANSWERS`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal

import gradio as gr
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from foley.ui.session.device import error_message
from foley.ui.session.events import PAGE_ONLY

Span = tuple[int, int]  # from the first up to before the last


class Message(BaseModel):
    """A wish of the page."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class List(Message):
    """Send the whole library again: the page has missed a change."""

    action: Literal["list"]


class Star(Message):
    """Give takes a star or take it away."""

    action: Literal["star"]
    files: tuple[str, ...]
    star: bool


class Rename(Message):
    """Give a take a name; an empty one takes it away."""

    action: Literal["rename"]
    file: str
    name: str


class Tag(Message):
    """Give takes a tag, or take it away."""

    action: Literal["tag"]
    files: tuple[str, ...]
    tag: str = Field(max_length=200)
    on: bool


class Delete(Message):
    """Move takes to the trash."""

    action: Literal["delete"]
    files: tuple[str, ...]


class Restore(Message):
    """Take takes out of the trash; without files, those of the last deletion."""

    action: Literal["restore"]
    files: tuple[str, ...] = ()


class Siblings(Message):
    """Draw near relatives of a take: the share `distance` of its codes anew."""

    action: Literal["siblings"]
    file: str
    distance: float


class Region(Message):
    """Draw a box of a take's codes anew."""

    action: Literal["region"]
    file: str
    rows: Span
    frames: Span


class Continue(Message):
    """Let a take go on, for `seconds` in all."""

    action: Literal["continue"]
    file: str
    seconds: float


class Redraw(Message):
    """Draw a take of the same class, seed and settings as another, with the knobs as they are now."""

    action: Literal["redraw"]
    file: str


WordChange = tuple[Annotated[str, Field(max_length=500)], int | float | Annotated[str, Field(max_length=40)] | None]


class Understand(Message):
    """Say what a sentence is understood as, with the changes made to it by hand; `number` is the question's."""

    action: Literal["understand"]
    text: str = Field(max_length=4_000)
    changes: tuple[WordChange, ...] = Field(default=(), max_length=200)
    number: int = 0


class Say(Message):
    """Make the sounds of a sentence, with the changes made to it by hand."""

    action: Literal["say"]
    text: str = Field(max_length=4_000)
    changes: tuple[WordChange, ...] = Field(default=(), max_length=200)


class Open(Message):
    """Put takes of the library on the stage."""

    action: Literal["open"]
    files: tuple[str, ...]


class Example(Message):
    """Put a finished take on the stage: the visitor has none yet."""

    action: Literal["example"]


class Heard(Message):
    """The first of several takes is heard, or need not be: the others may be drawn."""

    action: Literal["heard"]
    file: str


class ExportForm(BaseModel):
    """The export form as the page holds it, a text for every number that may be left empty."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    format: str
    sample_rate: int
    trim: bool
    loop: bool
    one_event: bool = False
    fade_in_s: str = ""
    fade_out_s: str = ""
    normalise: str
    level: str = ""
    template: str = ""


class Export(Message):
    """Write takes as files to take home."""

    action: Literal["export"]
    files: tuple[str, ...]
    settings: ExportForm


class Preview(Message):
    """Let a take be heard as the seamless loop that an export would write."""

    action: Literal["preview"]
    file: str
    settings: ExportForm


class UseRecording(Message):
    """Take the recording of the Reconstruct tab to the stage, as a take of a class or of the one it is heard as."""

    action: Literal["use_recording"]
    category: str = ""


class ChoosePart(Message):
    """Send another part of the recording of the Reconstruct tab through the model: the one that begins there."""

    action: Literal["choose_part"]
    start_s: float = Field(ge=0, le=600)


class HearCode(Message):
    """Let one code be heard."""

    action: Literal["hear_code"]
    code: int


class OpenCell(Message):
    """Put a take of a sweep or a morph on the stage."""

    action: Literal["open_cell"]
    cell: int


class Curve(BaseModel):
    """Levels in dB below full scale, `rate` of them a second."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: float = Field(gt=0, le=1000)
    levels_db: tuple[float, ...] = Field(max_length=20_000)


class Perform(Message):
    """Let events sound: each a time in seconds, a strength from 0 to 1, its class where it has one of its own, and its
    own knobs; `knobs` are those of all.
    """

    action: Literal["perform"]
    events: tuple[tuple[float, float, int | None, dict[str, float]], ...] = Field(max_length=5_000)
    curve: Curve | None = None
    knobs: dict[str, float] = Field(default_factory=dict)
    duration_s: float


class Warm(Message):
    """Draw takes for the events that are being tapped, so that the sound is there soon after the last one."""

    action: Literal["warm"]
    knobs: dict[str, float] = Field(default_factory=dict)


class CloseVideo(Message):
    """Close the video of the Perform tab: the events stay."""

    action: Literal["close_video"]


class SavePerformance(Message):
    """Write a variation of the last performance as files to take home."""

    action: Literal["save_performance"]
    kinds: tuple[Literal["wav", "midi", "csv", "video"], ...] = Field(min_length=1, max_length=1)
    variation: int = Field(ge=0, le=3)


Edit = Siblings | Region | Continue
AnyMessage = Annotated[
    List | Star | Rename | Tag | Delete | Restore
    | Siblings | Region | Continue | Redraw | Understand | Say | Open | Example | Heard
    | Export | Preview | UseRecording | ChoosePart | HearCode | OpenCell
    | Perform | Warm | CloseVideo | SavePerformance,
    Field(discriminator="action"),
]  # fmt: skip
_MESSAGES: TypeAdapter[Any] = TypeAdapter(AnyMessage)


def read_message(data: Any) -> Message:
    """The message that the page sent. Raises ValueError where it is none."""
    try:
        return _MESSAGES.validate_python(data)
    except ValidationError:
        raise ValueError("The page asked for something that this studio does not know: load the page again.") from None


class Mailbox:
    """A component without a face that carries messages of the page to their handlers; `name` as in `protocol.js`."""

    def __init__(self, name: str):
        self.name = name
        connect = f"window.foley.protocol.connect({name!r}, trigger);"
        self.submit = gr.HTML(
            "", js_on_load=connect, elem_id=f"mailbox-{name}", elem_classes="unseen", apply_default_css=False
        ).submit

    def on(
        self,
        handlers: Mapping[type[Message], Callable[..., Iterator[dict] | dict]],
        inputs: set,
        outputs: list,
        failed: Callable[[], dict] | None = None,
        **queue: Any,
    ) -> Any:
        """Call a message's handler with the message, the values of `inputs` by component, and the request.

        A handler returns, or yields, values by component. What it raises becomes one sentence on the page, and the
        components get the values of `failed`. Returns Gradio's event.
        """

        def handle(values: dict, event: gr.EventData, request: gr.Request) -> Iterator[dict]:
            try:
                message = read_message(event._data)
                if type(message) not in handlers:
                    raise ValueError(f"The mailbox {self.name} does not take {message!r}.")
                answer = handlers[type(message)](message, values, request)
                yield from [answer] if isinstance(answer, dict) else answer
            except Exception as error:
                gr.Warning(error_message(error))
                yield failed() if failed else {outputs[0]: gr.skip()}

        handle.__name__ = self.name  # by which `foley.ui.access` knows it
        return self.submit(handle, inputs, outputs, **PAGE_ONLY, **queue)


def answers() -> gr.HTML:
    """Where Python puts an answer that is no value of a component: `{"action": "download", ...}`."""
    receive = "watch('value', () => window.foley.protocol.receive(props.value));"
    return gr.HTML({}, html_template="", js_on_load=receive, elem_classes="unseen", apply_default_css=False)
