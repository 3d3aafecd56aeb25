"""Within which bounds the settings of a configuration lie: it may come from anybody."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, Strict

from foley.categories import Category

Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Size = Annotated[Whole, Field(ge=1, le=4096)]  # of a layer, a kernel, a grid
SizeOrNone = Annotated[Whole, Field(ge=0, le=4096)]
Large = Annotated[Whole, Field(ge=1, le=65_536)]
Few = Annotated[Whole, Field(ge=1, le=64)]  # layers, heads, a small kernel or stride
FewOrNone = Annotated[Whole, Field(ge=0, le=64)]
Window = Annotated[Whole, Field(ge=1, le=16_384)]  # samples
Hertz = Annotated[Number, Field(ge=0, le=96_000)]
Share = Annotated[Number, Field(ge=0, le=1)]
Rate = Annotated[Number, Field(gt=0, le=10)]  # of learning
Steps = Annotated[Whole, Field(ge=1, le=10**9)]
StepsOrNone = Annotated[Whole, Field(ge=0, le=10**9)]
Weight = Annotated[Number, Field(ge=0, le=1e6)]  # of a loss
ClassName = Literal["DogBark", "Footstep", "GunShot", "Keyboard", "MovingMotorVehicle", "Rain", "SneezeCough"]
SEVERAL = Field(min_length=1, max_length=16)
OF_CLASSES = Field(max_length=len(Category))
CLOSED = ConfigDict(extra="forbid")  # a setting that nobody knows is a fault
