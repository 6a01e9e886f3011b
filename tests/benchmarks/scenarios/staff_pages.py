"""`staff_pages`: the admin's pages with a year's worth of people and events, against the same pages with nothing."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pymongo
import requests

from tests.benchmarks.bench_stack import BenchStack
from tests.benchmarks.figures import Cell, Figure, Result, Table, Target, median
from tests.benchmarks.population import Population, fill
from tests.benchmarks.recording import BACKGROUND
from tests.benchmarks.running import Plan, note_logs, warmed_stack

FIRST_CHAT = 9_000
FULL = Population(people=20_000, events=500_000, others=60_000)
QUICK = Population(people=300, events=3_000, others=600)
ROUNDS, QUICK_ROUNDS = 4, 1
USERNAME, PASSWORD = "measurer", "a long password to measure with"
ADMIN = "/admin/"
LISTS = re.compile(r'href="(/admin/\w+/\w+/)"')
TOKEN_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
FILTERS = re.compile(r'<a href="(\?[^"]*?(?:__exact|__gte)[^"]*)"')
SECTIONS = re.compile(r'href="(/admin/botgateway/person/of/\d+/\w+/)"')
RATIO = Target(3)
DASHBOARD_MS = Target(100)
TIMEOUT_S = 120
NEVER_S = "86400"


@dataclass(frozen=True, slots=True)
class Visit:
    """A page as it was answered: seconds at best, so that what else the machine does is left out; database commands."""

    seconds: float
    commands: Counter[str]
    page: str


class Staff:
    """Somebody logged in, who looks at one page after the other."""

    def __init__(self, stack: BenchStack, rounds: int) -> None:
        self._stack = stack
        self._rounds = rounds
        self._session = requests.Session()

    def log_in(self) -> None:
        self._stack.manage(
            "createsuperuser", "--noinput", "--username", USERNAME, "--email", "measurer@example.org",
            DJANGO_SUPERUSER_PASSWORD=PASSWORD,
        )  # fmt: skip
        url = f"{self._stack.web_url}{ADMIN}login/"
        form = self._session.get(url, timeout=TIMEOUT_S).text
        token = TOKEN_FIELD.search(form)
        sent = {"username": USERNAME, "password": PASSWORD, "csrfmiddlewaretoken": token[1] if token else ""}
        answer = self._session.post(url, sent | {"next": ADMIN}, headers={"Referer": url}, timeout=TIMEOUT_S)
        answer.raise_for_status()

    def visit(self, path: str) -> Visit:
        """Ask for a page again and again; the first time counts for the commands alone, having found caches cold."""
        began_at = time.time()
        page = self._get(path).text
        commands = Counter(
            sent.command.label
            for sent in self._stack.proxies[0].since(began_at)
            if sent.command.label.split()[0] not in BACKGROUND
        )
        return Visit(min(self._measure(path) for _ in range(self._rounds)), commands, page)

    def _measure(self, path: str) -> float:
        started = time.monotonic()
        self._get(path)
        return time.monotonic() - started

    def _get(self, path: str) -> requests.Response:
        response = self._session.get(f"{self._stack.web_url}{path}", timeout=TIMEOUT_S)
        if response.status_code != requests.codes.ok or urlsplit(response.url).path.endswith("/login/"):
            raise RuntimeError(f"{path} answered {response.status_code} at {response.url}")
        return response


def run(plan: Plan) -> Result:
    population, rounds = (QUICK, QUICK_ROUNDS) if plan.is_quick else (FULL, ROUNDS)
    result = Result(
        "staff_pages",
        f"{population.people:,} people, {population.events:,} memory events, {population.others:,} each of updates, "
        f"exchanges and notices; every page {rounds} times by one member of staff. The empty lists are those of the "
        "same installation before.",
    )
    with warmed_stack(range(FIRST_CHAT, FIRST_CHAT + 1), is_watched=True, SWEEP_INTERVAL_S=NEVER_S) as stack:
        for child in (stack.beat, stack.bot, stack.worker):  # nobody else asks the database
            child.stop()
        staff = Staff(stack, rounds)
        staff.log_in()
        _measure(result, stack, staff, population)
        note_logs(result, stack)
    return result


def _measure(result: Result, stack: BenchStack, staff: Staff, population: Population) -> None:
    lists = sorted(set(LISTS.findall(staff.visit(ADMIN).page)))
    empty = {path: staff.visit(path) for path in lists}
    with pymongo.MongoClient[dict[str, Any]](stack.direct_urls[0], uuidRepresentation="standard") as client:
        written = fill(client.get_default_database(), population)
    result.tables.append(_tabulate_filling(written))
    rows: list[tuple[Cell, ...]] = []
    slowest: dict[str, float] = {}
    for path in lists:
        first = staff.visit(path)
        for kind, address in [("list", path), *_list_ways(path, first.page, population)]:
            visit = first if address == path else staff.visit(address)
            _note(address, kind, visit, visit.seconds / empty[path].seconds, rows=rows, slowest=slowest)
    usual = median([visit.seconds for visit in empty.values()])
    for path in _list_person_pages(staff, population):
        visit = staff.visit(path)
        _note(path, "page of a person", visit, visit.seconds / usual, rows=rows, slowest=slowest)
    result.tables.append(Table("Pages", ("address", "ms", "× empty", "commands", "most of one kind"), rows))
    result.figures = [
        Figure(f"slowest {kind} to the empty list", ratio, "×", RATIO) for kind, ratio in slowest.items()
    ]
    result.figures += _measure_dashboard(staff)
    result.figures.append(Figure("filling took", sum(took for _, took in written.values()), "s"))


def _note(
    address: str,
    kind: str,
    visit: Visit,
    ratio: float,
    *,
    rows: list[tuple[Cell, ...]],
    slowest: dict[str, float],
) -> None:
    rows.append(_describe(address, visit, ratio))
    slowest[kind] = max(ratio, slowest.get(kind, 0.0))


def _list_ways(path: str, page: str, population: Population) -> list[tuple[str, str]]:
    """Return the list's second and furthest page, searches for somebody and for several, and its filters."""
    filters = _choose_filters(query.replace("&amp;", "&") for query in FILTERS.findall(page))
    searches = (
        [f"?q={population.someone}", f"?q={population.someone[:-2]}"] if 'id="searchbar"' in page else []
    )
    pages = sorted(set(map(int, re.findall(r'href="\?p=(\d+)"', page))))
    further = [f"?p={number}" for number in sorted({*pages[:1], *pages[-1:]})]
    by_kind = {"further page": further, "search": searches, "filter": filters}
    return [(kind, path + query) for kind, queries in by_kind.items() for query in queries]


def _choose_filters(queries: Iterable[str]) -> list[str]:
    """Return two of each filter's choices, the first and the last: what is usual, and what is rare."""
    by_filter: dict[str, list[str]] = {}
    for query in queries:
        by_filter.setdefault(query.partition("__")[0], []).append(query)
    return sorted({query for choices in by_filter.values() for query in (choices[0], choices[-1])})


def _list_person_pages(staff: Staff, population: Population) -> list[str]:
    page = f"{ADMIN}botgateway/person/of/{population.someone}/"
    found = set(SECTIONS.findall(staff.visit(page).page))
    return [page, *sorted(found)]


def _measure_dashboard(staff: Staff) -> list[Figure]:
    figures = []
    for period in ("24h", "7d", "30d"):
        visit = staff.visit(f"{ADMIN}?figures={period}")
        figures.append(Figure(f"first page, {period} of figures", visit.seconds * 1_000, "ms", DASHBOARD_MS))
    return figures


def _describe(address: str, visit: Visit, ratio: float) -> tuple[Cell, ...]:
    kind, number = visit.commands.most_common(1)[0]
    return (
        address.removeprefix(ADMIN),
        visit.seconds * 1_000,
        ratio,
        str(visit.commands.total()),
        f"{number} {kind}",
    )


def _tabulate_filling(written: dict[str, tuple[int, float]]) -> Table:
    rows: list[tuple[Cell, ...]] = [(name, float(number), took) for name, (number, took) in written.items()]
    return Table("Filling", ("collection", "documents", "s"), rows)
