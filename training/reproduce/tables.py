"""What the bench found beside the paper's numbers, and which of the paper's claims hold here."""

from statistics import mean
from typing import TYPE_CHECKING, Any

from foley.categories import Category
from foley.plots import evaluation_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cells = dict[str, list[dict[str, Any]]]  # of every cell by name: its results, one for each seed

PAPER_4 = {
    "mel, head": {"train": (0.14056, 0.02053, 0.00167), "validation": (0.14814, 0.02145, 0.00171)},
    "mel, no head": {"train": (0.14395, None, 0.00183), "validation": (0.19166, None, 0.00222)},
}
PAPER_5 = {
    "CEmbed, head": {"train": (0.357, 0.0859, 0.0179), "validation": (0.2636, 0.02145, 0.0208)},
    "CEmbed, no head": {"train": (0.4084, None, 0.2973), "validation": (0.3196, None, 0.3669)},
}
PAPER_3 = {  # FAD on the DCASE development set, VGGish: the organizers' baseline, the authors' training of it
    "DogBark": (13.411, 8.958),
    "Footstep": (8.109, 4.189),
    "GunShot": (7.951, 6.765),
    "Keyboard": (5.230, 3.086),
    "MovingMotorVehicle": (16.108, 11.319),
    "Rain": (13.337, 9.321),
    "SneezeCough": (3.770, 2.675),
}
PAPER_6 = {"train": (3.041, 27.911, 0.3336), "validation": (2.961, 27.760, 0.3281)}
TERMS_6 = {"discriminator": "discriminator loss", "generator": "generator loss", "mel_l1": "mel L1"}
TERMS = {"mse": "MSE", "cross_entropy": "cross-entropy", "latent_distance": "latent diff", "perplexity": "perplexity"}
NOTABLE = 0.05  # of the steps: what may by itself make a difference
CLAIMS = (
    ("A class head lowers the MSE of mels (table 4)", "0.192 → 0.148", "mel, no head", "mel, head", "mse"),
    ("… and their latent difference", "0.00222 → 0.00171", "mel, no head", "mel, head", "latent_distance"),
    ("A class head lowers the MSE of CEmbeds (table 5)", "0.320 → 0.264", "CEmbed, no head", "CEmbed, head", "mse"),
    ("… and their latent difference", "0.367 → 0.021", "CEmbed, no head", "CEmbed, head", "latent_distance"),
    ("Masks lower the MSE on held-out clips (3.4.2)", "–", "CEmbed, head, no masks", "CEmbed, head", "mse"),
    (
        "Beside an embedding, mels come back better than alone (3.2)",
        "–",
        "mel of CEmbed alone, head",
        "CEmbed, head",
        "mel_l1",
    ),
    ("Zen attention fits as well at equal parameters (3.5)", "–", "prior, full attention", "prior, zen", "loss"),
)


def table_4_or_5(title: str, paper: dict, cells: Cells) -> list[str]:
    """Markdown of a table of loss terms: train and validation, here and in the paper."""
    head = " | ".join(TERMS.values())
    lines = [f"### {title}", "", f"| model | steps | on | {head} | paper: MSE, cross-entropy, latent diff |"]
    lines += ["|---" * (len(TERMS) + 4) + "|"]
    for name, theirs in paper.items():
        for split in ("train", "validation"):
            found = [_spread([result[split].get(term) for result in cells.get(name, [])]) for term in TERMS]
            numbers = ", ".join("–" if number is None else f"{number:g}" for number in theirs[split])
            steps = _spread([result["steps"] for result in cells.get(name, [])], ".0f")
            lines.append(f"| {name} | {steps} | {split} | {' | '.join(found)} | {numbers} |")
    return [*lines, ""]


def table_6(cells: Cells) -> list[str]:
    """Markdown of the paper's table 6, where a vocoder was trained as HiFi-GAN is; else nothing."""
    results = [result for result in cells.get("vocoder, studio", []) if "discriminator" in result["validation"]]
    if not results:
        return []
    lines = ["### Table 6: MHiFi-GAN", "", f"| on | {' | '.join(TERMS_6.values())} | paper |"]
    lines += ["|---" * (len(TERMS_6) + 2) + "|"]
    for split, theirs in PAPER_6.items():
        found = [_spread([result[split][term] for result in results]) for term in TERMS_6]
        lines.append(f"| {split} | {' | '.join(found)} | {', '.join(f'{number:g}' for number in theirs)} |")
    return [*lines, ""]


def table_3(designs: Cells) -> list[str]:
    """Markdown of the distances of both designs, class by class."""
    lines = [
        "### Table 3: Fréchet distance of takes, class by class",
        "",
        "| class | baseline | studio | floor, studio | recordings through the studio's chain | paper: DCASE, theirs |",
        "|---|---|---|---|---|---|",
    ]
    for name in (*(category.name for category in Category), "mean"):
        cells = []
        for design, figure in (("baseline", "generated_fad"), ("studio", "generated_fad"), ("studio", "floor_fad"),
                               ("studio", "reconstructed_fad")):  # fmt: skip
            cells.append(_spread([_figure(result, name, figure) for result in designs.get(design, [])], ".1f"))
        theirs = PAPER_3.get(name, tuple(mean(column) for column in zip(*PAPER_3.values(), strict=True)))
        lines.append(f"| {name} | {' | '.join(cells)} | {theirs[0]:.1f}, {theirs[1]:.1f} |")
    return [*lines, ""]


def questions(cells: Cells) -> list[str]:
    """Markdown of the cells that are in none of the paper's tables: all terms on held-out clips."""
    names = [name for name in cells if name not in PAPER_4 and name not in PAPER_5]
    lines = ["### Masks, mel alone, attention, vocoders", "", "| cell | steps | parameters | on held-out clips |"]
    lines += ["|---|---|---|---|"]
    for name in ["CEmbed, head", *names]:
        results = cells.get(name, [])
        if results:
            terms = ", ".join(
                f"{term.replace('_', ' ')} {_spread([result['validation'][term] for result in results])}"
                for term in results[0]["validation"]
            )
            steps = _spread([result["steps"] for result in results], ".0f")
            lines.append(f"| {name} | {steps} | {results[0]['parameters'] / 1e6:.2f} M | {terms} |")
    return [*lines, ""]


def claims(cells: Cells, designs: Cells) -> list[str]:
    """Markdown: each claim, the paper's numbers, ours on held-out clips, and whether it holds with every seed."""
    lines = ["| claim | paper | here, held-out clips | holds here |", "|---|---|---|---|"]
    for claim, paper, without, with_it, term in CLAIMS:
        pairs = [
            (a["validation"][term], b["validation"][term])
            for a, b in _of_same_seeds(cells, without, with_it)
            if term in a["validation"] and term in b["validation"]
        ]
        if pairs:
            steps = " and ".join(
                _spread([result["steps"] for result in cells[name]], ".0f") for name in (without, with_it)
            )
            here = f"{_spread([a for a, _ in pairs])} → {_spread([b for _, b in pairs])} ({steps} steps)"
            more = cells[with_it][0]["steps"] / cells[without][0]["steps"] - 1
            verdict = _verdict([b < a for a, b in pairs])
            if abs(more) > NOTABLE:
                verdict += f", with {abs(more):.0%} {'more' if more > 0 else 'fewer'} steps"
            lines.append(f"| {claim} | {paper} | {here} | {verdict} |")
    both = _of_same_seeds(designs, "baseline", "studio")
    pairs = [(_figure(a, "mean", "generated_fad"), _figure(b, "mean", "generated_fad")) for a, b in both]
    if pairs:
        here = f"{_spread([a for a, _ in pairs], '.1f')} → {_spread([b for _, b in pairs], '.1f')}"
        nearer = [
            sum(
                _figure(b, category.name, "generated_fad") < _figure(a, category.name, "generated_fad")
                for category in Category
            )
            for a, b in both
        ]
        claim = (
            f"The whole design makes takes nearer to recordings (FAD; nearer in {_spread(nearer, '.0f')} of 7 classes)"
        )
        lines.append(f"| {claim} | expected, not measured | {here} | {_verdict([b < a for a, b in pairs])} |")
    return [*lines, ""]


def loss_figure(cells: Cells) -> "Figure":
    """Bars of the first seed's terms on training and held-out clips, of all VQ-VAE cells."""
    chosen = {name: results[0] for name, results in cells.items() if results[0]["stage"] == "vqvae"}
    terms = {"mse": "mean squared error", "latent_distance": "latent difference"}
    bars = {
        name: {f"{split}_{term}": (result[split][term],) * 3 for split in ("train", "validation") for term in terms}
        for name, result in chosen.items()
    }
    panels = {
        title: {f"train_{term}": "training clips", f"validation_{term}": "held-out clips"}
        for term, title in terms.items()
    }
    return evaluation_figure(bars, panels, height=220)


def distance_figure(designs: Cells) -> "Figure":
    """Bars of the first seed's distances, class by class, of both designs, with their intervals."""
    bars: dict[str, dict[str, tuple]] = {category.name: {} for category in Category}
    for design, results in designs.items():
        for name, figures in results[0]["report"]["classes"].items():
            bars[name][design] = tuple(figures["generated_fad"][part] for part in ("value", "low", "high"))
    labels = {design: f"takes, {design}" for design in designs}
    return evaluation_figure(bars, {"Fréchet distance of takes: less is nearer": labels})


def _of_same_seeds(results: Cells, a: str, b: str) -> list[tuple[dict, dict]]:
    """Results of two cells seed by seed; while a reproduction goes on, one of them has a seed more than the other."""
    return list(zip(results.get(a, []), results.get(b, []), strict=False))


def _figure(result: dict, category: str, figure: str) -> float:
    report = result["report"]
    return (report["mean"] if category == "mean" else report["classes"][category])[figure]["value"]


def _spread(values: list, form: str = ".4g") -> str:
    """The mean over seeds, and in brackets the least and the most."""
    values = [value for value in values if value is not None]
    if not values:
        return "–"
    middle, least, most = (format(value, form) for value in (mean(values), min(values), max(values)))
    return f"{middle} ({least} to {most})" if len(values) > 1 else middle


def _verdict(agree: list[bool]) -> str:
    if len(agree) == 1:
        return "yes, one seed" if agree[0] else "no, one seed"
    return "yes, every seed" if all(agree) else "not with every seed" if any(agree) else "no"
