"""How torch's threads wait for each other: set before torch is loaded, so this is what `foley` imports first.

Threads of OpenMP spin for milliseconds before they sleep. Alone that costs nothing; beside another job (a training and
the page that listens to it) each spins away what the other needs: on two cores, two trainings of two threads each took
up to twenty times longer a step. A few microseconds of spinning are as fast alone and leave the rest to others.
"""

import os

SPINS = "2000"

if "OMP_WAIT_POLICY" not in os.environ:  # whoever has set how to wait knows better
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
