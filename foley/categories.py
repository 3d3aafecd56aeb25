"""The seven foley classes of DCASE 2023 Task 7: their ids, and the spellings met in the wild."""

import re
from enum import IntEnum

LONGEST_NAME = 60  # characters that are looked at: no spelling of a class is as long


class Category(IntEnum):
    """A foley class. The value is the class id of the paper's table 2."""

    DogBark = 0
    Footstep = 1
    GunShot = 2
    Keyboard = 3
    MovingMotorVehicle = 4
    Rain = 5
    SneezeCough = 6

    @property
    def title(self) -> str:
        """The name as a person would write it, such as `Dog bark`."""
        words = re.findall(r"[A-Z][a-z]+", self.name)
        return " ".join([words[0], *(word.lower() for word in words[1:])])

    @property
    def ucs(self) -> str:
        """The class's CatID in the Universal Category System, by which sound libraries are sorted."""
        return _UCS[self]

    @classmethod
    def parse(cls, text: "str | int | Category") -> "Category":
        """The class meant by a name in any usual spelling (`dog_bark`, `Sneeze/Cough`) or by an id.

        Raises ValueError naming the seven classes when there is no such class.
        """
        if isinstance(text, int) and not isinstance(text, bool) and text in cls._value2member_map_:
            return cls(text)
        name = str(text)[:LONGEST_NAME].strip()
        if re.fullmatch(r"[0-9]", name) and int(name) in cls._value2member_map_:
            return cls(int(name))
        key = _letters(name)
        if key in _SPELLINGS:
            return _SPELLINGS[key]
        names = ", ".join(category.name for category in cls)
        raise ValueError(f"There is no class {name!r}: choose one of {names}.")


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


_UCS = {
    Category.DogBark: "ANMLDog",
    Category.Footstep: "FEETHmn",
    Category.GunShot: "GUNMisc",
    Category.Keyboard: "CMPTKey",
    Category.MovingMotorVehicle: "VEHMisc",
    Category.Rain: "RAIN",
    Category.SneezeCough: "HMNMisc",  # it has one id for coughs and one for sneezes, and the class is both
}

_ALIASES = {
    Category.DogBark: ("dog", "bark", "dogbarks", "dogbarking"),
    Category.Footstep: ("footsteps", "step", "steps"),
    Category.GunShot: ("gun", "gunshots", "shot"),
    Category.Keyboard: ("keyboards", "typing", "keyboardtyping", "computerkeyboard"),
    Category.MovingMotorVehicle: ("motorvehicle", "vehicle", "movingvehicle", "car", "engine"),
    Category.Rain: ("raining", "rainfall"),
    Category.SneezeCough: ("sneeze", "cough", "coughsneeze", "sneezing", "coughing"),
}

_SPELLINGS = {_letters(category.name): category for category in Category} | {
    alias: category for category, aliases in _ALIASES.items() for alias in aliases
}
