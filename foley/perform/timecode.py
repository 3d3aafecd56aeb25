"""SMPTE timecode (ST 12-1) to seconds and back, at any frame rate, with and without drop frame."""

import re
from dataclasses import dataclass
from fractions import Fraction

from foley.perform.events import EventError

RATES = {
    "23.976": Fraction(24_000, 1001), "24": Fraction(24), "25": Fraction(25), "29.97": Fraction(30_000, 1001),
    "30": Fraction(30), "47.952": Fraction(48_000, 1001), "48": Fraction(48), "50": Fraction(50),
    "59.94": Fraction(60_000, 1001), "60": Fraction(60),
}  # fmt: skip
_TIMECODE = re.compile(r"(\d{1,2})[:.](\d{2})[:.](\d{2})([:;.,])(\d{2,3})")
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(?:(\d{1,3}):)?(\d+(?:[.,]\d+)?)")


@dataclass(frozen=True)
class FrameRate:
    """Frames a second, exactly, and whether timecodes drop numbers to keep up with the clock (29.97 and 59.94)."""

    rate: Fraction
    drop_frame: bool = False

    @classmethod
    def parse(cls, text: str) -> "FrameRate":
        """The rate named, such as `24`, `23.976`, `29.97df` or `30000/1001`. Raises EventError naming the rates."""
        words = str(text).strip().lower()
        name = re.sub(r"\s*(df|drop)$", "", words)
        named = {"23.98": "23.976", "29.970": "29.97", "59.940": "59.94"}.get(name, name)
        try:
            rate = RATES.get(named) or Fraction(named).limit_denominator(1001)
        except (ValueError, ZeroDivisionError):
            rate = Fraction(0)
        drop = words != name
        if not 1 <= rate <= 240:
            raise EventError(f"There is no frame rate {str(text)[:40]!r}: choose one of {', '.join(RATES)}.")
        if drop and rate.denominator == 1:
            raise EventError(f"Drop frame is for 29.97 and 59.94 frames a second, not for {named}.")
        return cls(rate, drop)

    @property
    def nominal(self) -> int:
        """The whole number of frames that a second of timecode counts."""
        return round(self.rate)

    @property
    def dropped(self) -> int:
        """Frame numbers left out at the beginning of each minute but every tenth."""
        return self.nominal // 15 if self.drop_frame else 0

    def frame_of(self, timecode: str) -> int:
        """The number of the frame that a timecode names. Raises EventError for what is none."""
        match = _TIMECODE.fullmatch(timecode.strip())
        if not match:
            raise EventError(f"{timecode[:40]!r} is no timecode: write hours:minutes:seconds:frames, as 01:00:10:12.")
        hours, minutes, seconds, _, frames = match.groups()
        numbers = [int(hours), int(minutes), int(seconds), int(frames)]
        if numbers[1] > 59 or numbers[2] > 59 or numbers[3] >= self.nominal:
            raise EventError(f"{timecode[:40]!r} does not exist at {float(self.rate):.5g} frames a second.")
        total = numbers[0] * 60 + numbers[1]
        if self.dropped and numbers[1] % 10 and numbers[2] == 0 and numbers[3] < self.dropped:
            raise EventError(f"{timecode[:40]!r} is one of the numbers that drop frame leaves out.")
        counted = (total * 60 + numbers[2]) * self.nominal + numbers[3]
        return counted - self.dropped * (total - total // 10)

    def timecode(self, frame: int) -> str:
        """The timecode of a frame's number."""
        if self.dropped:
            ten_minutes = self.nominal * 600 - 9 * self.dropped
            minute = self.nominal * 60 - self.dropped
            tens, rest = divmod(frame, ten_minutes)
            extra = 0 if rest < self.nominal * 60 else 1 + (rest - self.nominal * 60) // minute
            frame += self.dropped * (9 * tens + extra)
        seconds, frames = divmod(frame, self.nominal)
        colon = ";" if self.drop_frame else ":"
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{colon}{frames:02d}"

    def seconds(self, frame: int) -> Fraction:
        """When a frame begins, exactly."""
        return frame / self.rate

    def frame_at(self, seconds: float | Fraction) -> int:
        """The frame that is shown at a time."""
        return int((Fraction(seconds) * self.rate + Fraction(1, 10_000)) // 1)

    def samples(self, frames: int, sample_rate: int) -> int:
        """Samples that so many frames last, to the nearest."""
        return round(frames / self.rate * sample_rate)


def parse_time(text: str, frame_rate: FrameRate) -> float:
    """Seconds of a time as people and programs write it: `1.25`, `1:02.5`, `00:00:01:06` or `00:00:01;06`.

    Raises EventError for what is none.
    """
    words = text.strip()
    if _TIMECODE.fullmatch(words) and not re.fullmatch(r"\d{1,2}:\d{2}:\d{2}[.,]\d{3}", words):
        return float(frame_rate.seconds(frame_rate.frame_of(words)))
    match = _CLOCK.fullmatch(words)
    if not match:
        raise EventError(f"{words[:40]!r} is no time: write seconds (1.25), 1:02.5, or a timecode (00:00:01:06).")
    first, second, seconds = match.groups()
    parts = [int(part) for part in (first, second) if part is not None]
    minutes = parts[-1] if parts else 0
    hours = parts[0] if len(parts) == 2 else 0
    return hours * 3600 + minutes * 60 + float(seconds.replace(",", "."))
