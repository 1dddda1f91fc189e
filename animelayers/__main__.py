"""`python -m animelayers` is `animelayers`."""

import sys

from animelayers.cli import main

if __name__ == "__main__":
    sys.exit(main())
