"""`python -m butler_project.embedded.with_servers COMMAND…`: run a command beside servers of its own.

They are started in a temporary data directory and stopped after the command, whose exit status is returned.
`make lint` uses it: to look for forgotten migrations, Django wants a database.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from butler_project.embedded.discovery import Endpoints, write_endpoints
from butler_project.embedded.services import mongodb_service, redis_service


def main(command: list[str]) -> int:
    with ExitStack() as cleanup:
        data_dir = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="butler-")))
        mongodb, redis = mongodb_service(data_dir), redis_service(data_dir)
        for service in (mongodb, redis):
            cleanup.callback(service.stop)
        write_endpoints(data_dir, Endpoints(mongodb_url=mongodb.start(), redis_url=redis.start()))
        environment = {**os.environ, "DATA_DIR": str(data_dir), "BUTLER_ENV_FILE": ""}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
