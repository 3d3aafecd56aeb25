"""The studio in a browser: `python app.py`. Also what a Hugging Face Space runs."""

import sys

from foley.ui.app import main

if __name__ == "__main__":
    sys.exit(main())
