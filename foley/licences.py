"""Which recordings' licences allow nearly anything, as those of a manifest are written (SPDX names)."""

import re

PERMISSIVE = "permissive"
CHOICES = (PERMISSIVE,)
_NAMES = r"(cc0|mit|bsd|cc-?by|public-?domain|unlicense)"
_PERMISSIVE = re.compile(_NAMES + r"(-?[0-9][0-9.]*)?(-clause)?", re.IGNORECASE)


def is_permissive(licence: str) -> bool:
    """Whether a licence asks for no more than its name and the author's: CC0, MIT, BSD, CC-BY, public domain.

    Share-alike, non-commercial and no-derivatives terms are not permissive, nor is a licence that is not known.
    """
    return _PERMISSIVE.fullmatch(licence.strip().replace(" ", "-")) is not None
