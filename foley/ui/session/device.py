"""What all use of the model shares: one queue, a borrowed GPU where the host lends them, and words for what fails."""

import logging
from collections.abc import Callable
from html import escape
from typing import Any

try:
    from spaces import GPU as on_gpu  # Hugging Face ZeroGPU: a GPU for the length of a call
except ImportError:

    def on_gpu(function: Callable) -> Callable:
        """The function as it is: here nothing has to be borrowed."""
        return function


ONE_AT_A_TIME: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}


def notice(error: Exception) -> str:
    """One sentence about an error, for a visitor: the pipeline's own, or that the server's log says more."""
    if isinstance(error, ValueError | RuntimeError | OSError):  # what the pipeline raises, each with a sentence
        return escape(str(error), quote=False)
    logging.getLogger(__name__).error("A call of the model failed.", exc_info=error)
    return "Something went wrong that is none of your doing: the server's log says what."


__all__ = ["ONE_AT_A_TIME", "notice", "on_gpu"]
