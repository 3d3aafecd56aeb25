"""`python -m foley`: the command line."""

import sys

from foley.cli import main

sys.exit(main())
