"""``python -m hub``: the same as the ``hub`` command."""

import sys

from hub.commandline.main import main

sys.exit(main())
