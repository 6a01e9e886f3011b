from __future__ import annotations

import sys

from butler_project.supervisor.run import main

if __name__ == "__main__":
    sys.exit(main())
