import pytest

from foley.categories import Category


@pytest.mark.parametrize(
    "spelling", ["SneezeCough", "Sneeze_Cough", "sneeze/cough", "SNEEZE COUGH", "cough", 6, "6", Category.SneezeCough]
)
def test_spellings_met_in_the_wild_are_understood(spelling):
    assert Category.parse(spelling) is Category.SneezeCough


@pytest.mark.parametrize("spelling", ["cat", "", 7, "-1"])
def test_an_unknown_class_is_answered_with_the_seven(spelling):
    with pytest.raises(ValueError, match="MovingMotorVehicle"):
        Category.parse(spelling)


def test_ids_are_those_of_the_paper():
    assert [category.name for category in Category] == [
        "DogBark",
        "Footstep",
        "GunShot",
        "Keyboard",
        "MovingMotorVehicle",
        "Rain",
        "SneezeCough",
    ]
    assert Category.MovingMotorVehicle.title == "Moving motor vehicle"
