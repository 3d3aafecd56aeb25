"""Measuring sounds: embed them, then compare sets of them.

One idea a module, imported by name:

- `embedders`: waveforms to embeddings, with a cache; the networks are in `aisfx` (offline) and `vggish`.
- `frechet`: how far apart two sets lie, also for infinitely many clips; `kernel`: the same without Gaussians.
- `bootstrap`: an interval for any of these.
- `probe`: whether a classifier fitted on real clips hears the class that was asked for.
- `diversity`: whether a set varies as real clips do, and whether it copies what it was trained on.
"""
