"""The paper's tables 3, 4 and 5 on a corpus of one's own, and three questions it leaves open, by one command.

- `cells`: what is trained, as data: a cell is one stage of one preset, all with the same budget.
- `bench`: trains a cell, measures it, and keeps what it found; a bench that was stopped goes on.
- `tables`: what was found beside the paper's numbers, and which of its claims hold here.
"""
