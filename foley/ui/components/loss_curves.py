"""Loss curves as small SVG pictures, in the page's own colours."""

from html import escape

import numpy as np

Points = list[tuple[float, float]]  # (step, value)

WIDTH, HEIGHT = 340, 132
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 8, 18
MOST_POINTS = 240
SMOOTHING = 0.9


def curve_svg(title: str, training: Points, held_out: Points) -> str:
    """One value over the steps: in training faint, its running mean in the accent, on held-out clips as dots."""
    training = thinned(training)
    values = np.array([value for _, value in [*training, *held_out]])
    steps = [step for step, _ in [*training, *held_out]]
    low, high = (float(np.percentile(values, share)) for share in (1, 99)) if len(values) else (0.0, 1.0)
    low, high = min([low, *(v for _, v in held_out)]), max([high, *(v for _, v in held_out)])
    margin = 0.06 * (high - low) or abs(high) * 0.05 or 0.5
    low, high = low - margin, high + margin
    first, last = (min(steps), max(steps)) if steps else (0, 1)

    def place(step: float, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * (step - first) / max(1, last - first)
        y = TOP + (HEIGHT - TOP - BOTTOM) * (high - min(max(value, low), high)) / (high - low)
        return x, y

    def path(points: Points, kind: str) -> str:
        if len(points) < 2:
            return ""
        line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in (place(*point) for point in points))
        return f'<path class="{kind}" d="{line}"/>'

    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"><title>step {step:,.0f}: {value:.4g}</title></circle>'
        for (step, value), (x, y) in ((point, place(*point)) for point in held_out)
    )
    ticks = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 5}" y="{y + 3.5:.1f}" text-anchor="end">{value:.3g}</text>'
        for value, y in ((v, place(first, v)[1]) for v in np.linspace(low + margin, high - margin, 3))
    )
    ends = (
        f'<text x="{LEFT}" y="{HEIGHT - 4}">{first:,.0f}</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{last:,.0f} steps</text>'
    )
    now = held_out[-1][1] if held_out else training[-1][1] if training else float("nan")
    return (
        f'<figure class="curve"><figcaption>{escape(title.replace("_", " "))}<b>{now:.4g}</b></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)} over the steps">{ticks}{ends}'
        f"{path(training, 'raw')}{path(smoothed(training), 'mean')}{path(held_out, 'held')}{dots}</svg></figure>"
    )


def thinned(points: Points) -> Points:
    """The same curve of not too many points: means of neighbours."""
    if len(points) <= MOST_POINTS:
        return points
    return [tuple(piece.mean(axis=0)) for piece in np.array_split(np.array(points), MOST_POINTS)]


def smoothed(points: Points) -> Points:
    """The running mean, without the pull of its beginning."""
    mean, weight, result = 0.0, 0.0, []
    for step, value in points:
        mean, weight = SMOOTHING * mean + (1 - SMOOTHING) * value, SMOOTHING * weight + (1 - SMOOTHING)
        result.append((step, mean / weight))
    return result
