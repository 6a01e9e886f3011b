"""Code, docs/configuration.md and .env.example name the same variables with the same defaults."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from butler_project.embedded.discovery import PROJECT_DIR

REFERENCE = (PROJECT_DIR / "docs" / "configuration.md").read_text()
EXAMPLE = (PROJECT_DIR / ".env.example").read_text()
PYTHON_READERS = (
    "butler_project/settings.py",
    "butler_project/gunicorn.conf.py",
    "butler_project/embedded/discovery.py",
    "butler_project/supervisor/run.py",
)
PROVIDERS = tuple(
    sorted(str(path.relative_to(PROJECT_DIR)) for path in (PROJECT_DIR / "llm/providers").glob("*.py"))
)
SHELL_READERS = ("Procfile", "docker-compose.yml")

NO_SETTING = {"PATH"}
UNSET = "unset"
COMPUTED = None  # a default that follows from something else: described in words, not compared
NOT_IN_THE_FILE = {"BUTLER_ENV_FILE"}  # it says which file to read
FOLLOWING_OTHERS = {"ACCESS_POLICY", "MEDIA_ROOT"}  # of which the example can show only one case

TABLE_ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]*)` \| ([^|]*) \|", re.MULTILINE)
EXAMPLE_LINE = re.compile(r"^#([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
SHELL_READ = re.compile(r"\$\{([A-Z][A-Z0-9_]*):-([^}]*)\}")
BACKTICKED = re.compile(r"`([^`]+)`")
SHOW_SETTINGS = """
import json, re
from butler_project import settings
shown = {name: re.sub(r" at 0x[0-9a-f]+", "", repr(value)) for name, value in vars(settings).items() if name.isupper()}
print(json.dumps(shown))
"""


def read_defaults() -> dict[str, str | None]:
    """Return every variable that the code reads with its default as text. Two readers must agree."""
    defaults: dict[str, str | None] = {}
    for name, default in (*find_python_reads(), *find_shell_reads()):
        if name in NO_SETTING:
            continue
        known = defaults.get(name)
        assert known is COMPUTED or default is COMPUTED or known == default, f"{name}: {known} or {default}?"
        defaults[name] = known if default is COMPUTED else default
    return defaults


def find_python_reads() -> Iterator[tuple[str, str | None]]:
    for path in PYTHON_READERS:
        for node in ast.walk(ast.parse((PROJECT_DIR / path).read_text())):
            if isinstance(node, ast.Call) and names_variable(node) and is_reader(node.func):
                name = ast.literal_eval(node.args[0])
                yield name, write_default(find_default(node))
    for path in PROVIDERS:
        yield from find_provider_reads(ast.parse((PROJECT_DIR / path).read_text()))


def find_provider_reads(module: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Yield what a provider reads: `lookup("NAME", default)`, `read_…(lookup, "NAME", default)`."""
    constants = {
        statement.targets[0].id: statement.value
        for statement in module.body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Name(id="lookup"), args=[ast.Constant(value=name), *rest]):
                pass
            case ast.Call(
                func=ast.Name(id=reader), args=[ast.Name(id="lookup"), ast.Constant(value=name), *rest]
            ) if reader.startswith("read_"):
                pass
            case _:
                continue
        default = rest[0] if rest else None
        if isinstance(default, ast.Name):
            default = constants.get(default.id)
        yield name, write_default(default)


def names_variable(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant)


def is_reader(function: ast.expr) -> bool:
    """Match `env.<type>(…)` and `os.environ.get(…)`."""
    match function:
        case ast.Attribute(value=ast.Name(id="env"), attr=kind):
            return kind in {"str", "int", "float", "bool", "list"}
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="os"), attr="environ"), attr="get"):
            return True
    return False


def find_default(call: ast.Call) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == "default"), (*call.args[1:], None)[0])


def write_default(default: ast.expr | None) -> str | None:
    """Write a literal default as one would in `.env`."""
    match default:
        case ast.Constant(value=bool(value)):
            return str(value).lower()
        case ast.Constant(value=float(value)):
            return f"{value:g}"
        case ast.Constant(value=value):
            return str(value) or UNSET
        case ast.List(elts=[]):
            return UNSET
    return COMPUTED


def find_shell_reads() -> Iterator[tuple[str, str]]:
    for path in SHELL_READERS:
        yield from SHELL_READ.findall((PROJECT_DIR / path).read_text())


DEFAULTS = read_defaults()
DOCUMENTED = TABLE_ROW.findall(REFERENCE)
SHOWN = EXAMPLE_LINE.findall(EXAMPLE)


def test_the_readers_are_understood() -> None:
    assert DEFAULTS["WEB_PORT"] == "8000"
    assert DEFAULTS["LLM_TIMEOUT_S"] == "60"
    assert DEFAULTS["PERSONALIZATION_ENABLED"] == "true"
    assert DEFAULTS["MONGODB_URL"] == UNSET
    assert DEFAULTS["MEDIA_ROOT"] is COMPUTED
    assert DEFAULTS["WORKER_CONCURRENCY"] == "16"


def test_the_reference_has_every_variable_once_and_no_other() -> None:
    assert sorted(name for name, _ in DOCUMENTED) == sorted(DEFAULTS)


def test_the_example_has_every_variable_once_and_no_other() -> None:
    assert sorted(name for name, _ in SHOWN) == sorted(set(DEFAULTS) - NOT_IN_THE_FILE)


def test_the_reference_gives_the_defaults_of_the_code() -> None:
    given = {
        name: UNSET if cell.startswith(UNSET) else ", ".join(BACKTICKED.findall(cell))
        for name, cell in DOCUMENTED
    }

    assert {name: given[name] for name, default in DEFAULTS.items() if default is not COMPUTED} == {
        name: default for name, default in DEFAULTS.items() if default is not COMPUTED
    }


def test_the_example_gives_the_defaults_of_the_code() -> None:
    expected = {name: "" if default == UNSET else default for name, default in DEFAULTS.items()}

    assert {name: value for name, value in SHOWN if expected[name] is not COMPUTED} == {
        name: value
        for name, value in expected.items()
        if value is not COMPUTED and name not in NOT_IN_THE_FILE
    }


def test_every_line_of_the_example_is_explained() -> None:
    lines = EXAMPLE.splitlines()
    bare = [
        lines[at]
        for at in range(1, len(lines))
        if EXAMPLE_LINE.match(lines[at]) and lines[at - 1][:2] != "# "
    ]

    assert bare == []
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_a_variable_of_the_example_made_active_changes_nothing(tmp_path: Path) -> None:
    active = tmp_path / "active.env"
    active.write_text(
        "\n".join(f"{name}={value}" for name, value in SHOWN if name not in FOLLOWING_OTHERS) + "\n"
    )

    assert show_settings(tmp_path, env_file=active) == show_settings(tmp_path, env_file=None)


def show_settings(directory: Path, *, env_file: Path | None) -> dict[str, str]:
    """Return the settings of a fresh process, with nothing in its environment but the data directory."""
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(directory),
        "BUTLER_ENV_FILE": str(env_file or ""),
    }
    command = [sys.executable, "-c", SHOW_SETTINGS]
    result = subprocess.run(
        command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=True
    )
    shown: dict[str, str] = json.loads(result.stdout)
    return shown


def test_every_system_check_is_in_the_reference() -> None:
    identifiers = re.compile(r"butler\.E\d{3}")
    checks = (PROJECT_DIR / "butler_project" / "checks.py").read_text()

    assert set(identifiers.findall(REFERENCE)) == set(identifiers.findall(checks))
