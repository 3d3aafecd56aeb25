"""What raters said: one file a rater, to which every rating is appended, so that a rater can go on after anything."""

import json
import os
import re
import secrets
import time
from pathlib import Path
from threading import Lock
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foley.listening.plan import HIGHEST, LOWEST, ListeningTest, Trial
from foley.system.files import write_text

RATINGS = "ratings"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
GROUPS, GROUP = 3, 4  # of a rater's code: 59 bits
CODE = re.compile(rf"[{LETTERS}]{{{GROUP}}}(-[{LETTERS}]{{{GROUP}}}){{{GROUPS - 1}}}")
MOST_RATERS = 2_000
MOST_SECONDS = 24 * 3600.0

Score = Annotated[int, Field(ge=LOWEST, le=HIGHEST, strict=True)]


class Rating(BaseModel):
    """The answer to one trial: a score for each of its scales, and how long the rater took."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trial: int = Field(ge=0, strict=True)
    scores: dict[str, Score]
    seconds: float = Field(default=0.0, ge=0, le=MOST_SECONDS)
    at: str = ""


class Rater(NamedTuple):
    """Who rates: a code that only the rater knows, and the number from which the order of trials follows."""

    code: str
    number: int


class Answer(NamedTuple):
    """A rating with the trial that it answers."""

    rater: Rater
    trial: Trial
    rating: Rating


class Ratings:
    """The ratings of one test, in the folder `ratings` below the test's.

    A rating is on the disk when `rate` returns. A line that a crash cut off is passed over when files are read.
    """

    def __init__(self, folder: str | Path, test: ListeningTest) -> None:
        self.folder, self.test, self._lock = Path(folder) / RATINGS, test, Lock()

    def begin(self) -> Rater:
        """A new rater. Raises ValueError when there are more than a test can hold."""
        with self._lock:
            number = len(self._files())
            if number >= MOST_RATERS:
                raise ValueError("This test has all the raters that it can hold.")
            letters = "".join(secrets.choice(LETTERS) for _ in range(GROUPS * GROUP))
            code = "-".join(letters[start : start + GROUP] for start in range(0, len(letters), GROUP))
            write_text(self._path(code), json.dumps({"rater": number}) + "\n")
        return Rater(code, number)

    def rater(self, code: str) -> Rater:
        """The rater of a code, in any case and with blanks around it. Raises ValueError for a code that is none."""
        code = code.strip().lower()[:40]
        if CODE.fullmatch(code) and self._path(code).is_file():
            head = _objects(self._path(code))[:1]
            if head and isinstance(head[0].get("rater"), int):
                return Rater(code, head[0]["rater"])
        raise ValueError("There is no rater of that code: check it, or start anew.")

    def of(self, rater: Rater) -> dict[int, Rating]:
        """A rater's ratings by the number of the trial; where one was changed, the last."""
        ratings = {}
        for data in _objects(self._path(rater.code))[1:]:
            try:
                rating = Rating.model_validate(data)
            except ValidationError:
                continue
            ratings[rating.trial] = rating
        return ratings

    def rate(self, rater: Rater, rating: Rating) -> None:
        """Keep a rating. Raises ValueError when it skips a trial or does not answer the trial's scales."""
        trials = self.test.trials(rater.number)
        with self._lock:
            if rating.trial > self.next_trial(rater) or rating.trial >= len(trials):
                raise ValueError("That clip has not been played yet: load the page again.")
            if set(rating.scores) != set(trials[rating.trial].item.scales):
                raise ValueError("Rate every scale of the clip.")
            dated = rating.model_copy(update={"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
            _append(self._path(rater.code), dated.model_dump_json())

    def next_trial(self, rater: Rater) -> int:
        """The number of the first trial without a rating, or how many trials there are when all are rated."""
        rated = self.of(rater)
        return next((number for number in range(len(rated) + 1) if number not in rated), len(rated))

    def answers(self) -> list[Answer]:
        """All ratings of all raters, in the order of raters and trials; what does not fit its trial is left out."""
        answers = []
        for rater in sorted((self.rater(path.stem) for path in self._files()), key=lambda rater: rater.number):
            trials = self.test.trials(rater.number)
            for number, rating in sorted(self.of(rater).items()):
                if number < len(trials) and set(rating.scores) == set(trials[number].item.scales):
                    answers.append(Answer(rater, trials[number], rating))
        return answers

    def _files(self) -> list[Path]:
        return [path for path in self.folder.glob("*.jsonl") if CODE.fullmatch(path.stem)]

    def _path(self, code: str) -> Path:
        return self.folder / f"{code}.jsonl"


def _objects(path: Path) -> list[dict]:
    """The JSON objects of a file's lines, without those that are none."""
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            data = json.loads(line)
        except ValueError:
            continue
        if isinstance(data, dict):
            found.append(data)
    return found


def _append(path: Path, line: str) -> None:
    """Add a line, on a new one where the last was cut off, and wait until it is on the disk."""
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        torn = end > 0 and file.read(1) != b"\n"
        file.seek(0, os.SEEK_END)
        file.write((b"\n" if torn else b"") + line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
