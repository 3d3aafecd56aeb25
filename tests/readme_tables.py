"""Tables of the README that commands write: each stands between two marks, `<!-- NAME: begin -->` and its end."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def write_table(name: str, table: str) -> None:
    """Put a table between the two marks of that name. Raises ValueError where the README has none."""
    path = ROOT / "README.md"
    readme = path.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    first, last = readme.index(begin) + len(begin), readme.index(end)
    path.write_text(f"{readme[:first]}\n{table.strip()}\n{readme[last:]}", encoding="utf-8")
