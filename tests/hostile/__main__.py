"""The README's tables: `python tests/hostile inputs 20000 --readme`, `python tests/hostile faults 200 --readme`."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    options = argparse.ArgumentParser(prog="python tests/hostile", description="Hostile inputs, and faults.")
    options.add_argument("what", choices=["inputs", "faults"])
    options.add_argument("number", type=int, help="of inputs (20,000 for the README), of kills (200)")
    options.add_argument("--readme", action="store_true", help="write the table into the README")
    arguments = options.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    if arguments.what == "inputs":
        import harness as suite
    else:
        import faults as suite
    result = suite.run(arguments.number)
    print(result.table, *result.lines, f"{result.seconds:.0f} s", sep="\n")
    if arguments.readme:
        from readme_tables import write_table

        write_table(f"hostile {arguments.what}", result.table)
    return 1 if result.lines else 0


if __name__ == "__main__":
    sys.exit(main())
