"""Words to class, knobs, tags and events: offline, by a lexicon; what is not understood is named, never guessed."""

from foley.prompts.parser import parse
from foley.prompts.reading import EventGroup, Piece, Prompt
from foley.prompts.tokens import PromptError

__all__ = ["EventGroup", "Piece", "Prompt", "PromptError", "parse"]
