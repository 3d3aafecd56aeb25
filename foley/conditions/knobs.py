"""The knobs: what a take can be asked for on a scale from 0 to 1, 0.5 being what is usual of its class."""

ENDS = {  # what the two ends of each knob are called
    "pitch": ("low", "high"),
    "tone": ("noisy", "tonal"),
    "brightness": ("dark", "bright"),
    "loudness": ("quiet", "loud"),
    "density": ("sparse", "dense"),
    "tail": ("dry", "long"),
}
KNOBS = tuple(ENDS)
KNOBS_OF_CONTOUR = ("density",)  # which say how levels go, and not what is heard at each moment
USUAL_ROWS = 256  # recordings of each class whose knobs a prior keeps; where there are fewer, some stand there twice
