"""How the studio looks: one accent, hairlines, tabular figures; and the keys and players of `studio.js`."""

from typing import Any

from gradio.themes import Base, Color, LocalFont, sizes

from foley.resources import ICON, STATIC

LARGEST_UPLOAD = "1gb"  # an hour of 24-bit stereo at 48 kHz; of a recording, only the beginning is read
STYLES = (
    "studio.css", "say.css", "take.css", "library.css", "panels.css", "knobs.css", "explore.css", "perform.css",
    "train.css", "small.css",
)  # fmt: skip
SCRIPTS = (  # each uses those before it
    "studio.js", "protocol.js", "sound.js", "forms.js", "regions.js", "library.js", "knobs.js", "say.js",
    "page_state.js", "takes.js", "files.js", "keys.js", "explore.js", "perform_knobs.js",
    "perform_events.js", "perform_playback.js", "perform_drawing.js", "perform_hands.js", "perform_sources.js",
    "perform.js", "hints.js",
)  # fmt: skip

WEIGHTS = (400, 700)  # Gradio's files of the weights between lack the Latin alphabet

AMBER = Color(
    "#fff7ea", "#ffecce", "#ffd79a", "#ffc069", "#ffad42", "#f59a23",
    "#d97f0b", "#a84f08", "#8f4f0d", "#74410e", "#432205", name="amber",
)  # fmt: skip
GRAPHITE = Color(
    "#f7f6f4", "#efedea", "#e0ddd8", "#c6c3bd", "#9a9a99", "#72777e",
    "#545a62", "#363c44", "#22272d", "#181b20", "#0f1114", name="graphite",
)  # fmt: skip


def launch_settings() -> dict[str, Any]:
    """What `launch()` needs so that the studio looks and behaves like one."""
    return {
        "theme": studio_theme(),
        "css": "".join((STATIC / name).read_text(encoding="utf-8") for name in STYLES),
        "head": "".join(f"<script>{(STATIC / name).read_text(encoding='utf-8')}</script>" for name in SCRIPTS),
        "favicon_path": ICON if ICON.is_file() else None,
        "max_file_size": LARGEST_UPLOAD,
        "footer_links": ["api"],  # opened from the top bar
        "run_history": False,  # it would keep visitors' inputs on the server
        "ssr_mode": False,
        "pwa": True,
    }


def studio_theme() -> Base:
    """Gradio's theme in the studio's colours and sizes; what it cannot say stands in `studio.css`."""
    return Base(
        primary_hue=AMBER,
        secondary_hue=AMBER,
        neutral_hue=GRAPHITE,
        text_size=sizes.text_sm,
        spacing_size=sizes.spacing_sm,
        radius_size=sizes.radius_sm,
        font=[LocalFont("IBM Plex Sans", WEIGHTS), "system-ui", "sans-serif"],
        font_mono=[LocalFont("IBM Plex Mono", WEIGHTS), "ui-monospace", "monospace"],
    ).set(
        body_background_fill="*neutral_100",
        body_background_fill_dark="*neutral_950",
        body_text_color="#1c1f23",
        body_text_color_dark="#dcdfe3",
        body_text_color_subdued="#676c73",
        body_text_color_subdued_dark="*neutral_400",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_shadow_dark="none",
        block_label_text_color="#676c73",
        block_label_text_color_dark="*neutral_400",
        block_label_text_size="12px",
        block_title_text_weight="600",
        block_title_text_color="*body_text_color",
        block_title_text_color_dark="*body_text_color",
        block_info_text_size="11.5px",
        input_background_fill="white",
        input_background_fill_dark="*neutral_900",
        input_placeholder_color="#676c73",
        input_placeholder_color_dark="*neutral_400",
        input_border_color="*neutral_200",
        input_border_color_dark="*neutral_800",
        slider_color="*primary_700",
        slider_color_dark="*primary_400",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_400",
        button_primary_background_fill_hover_dark="*primary_300",
        button_primary_text_color="white",
        button_primary_text_color_dark="*neutral_950",
    )
