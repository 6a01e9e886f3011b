"""Run SecantusDB, a server that speaks MongoDB's protocol, as a process of its own.

`python -m butler_project.embedded.mongodb --port PORT --data-dir DIR` serves 127.0.0.1 until SIGINT or
SIGTERM. It is for first runs, development and tests. SecantusDB is GPL-2.0: only this process, never the
rest of Butler, imports it.
"""

from __future__ import annotations

import argparse
import logging
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from butler_project.embedded.pages import mend_pages
from butler_project.embedded.tether import die_with_parent

HOST = "127.0.0.1"
CACHE_SIZE = "256M"  # of WiredTiger; a first run's data is small, and the laptop has other things to hold
# MongoDB looks for expired documents every minute, through the index. SecantusDB reads the whole collection under
# its lock: with 100,000 events everybody waits for two seconds. Ages here are days, so an hour late will do.
TTL_SWEEP_S = 3_600.0
STAGES_WITH_THE_DEFECT = ("$project", "$addFields", "$set")

Stage = Callable[..., Any]
Flatten = Callable[[Mapping[str, Any]], dict[str, Any]]

log = logging.getLogger("butler_project.embedded.mongodb")  # run with `-m`, `__name__` is `__main__`


def mend_nested_stages(stages: dict[str, Stage], flatten: Flatten) -> None:
    """Make nested documents in `$project`, `$addFields` and `$set` mean what they mean to MongoDB.

    SecantusDB 0.7.0b3 takes `{"a": {"b": 1}}` in these stages for one literal document; to MongoDB it is
    `{"a.b": 1}`. `tests/embedded/test_mongodb_defect.py` fails as soon as upstream does it right: then this
    function can go.
    """
    for name in STAGES_WITH_THE_DEFECT:
        stages[name] = partial(_run_flattened, stages[name], flatten)


def _run_flattened(stage: Stage, flatten: Flatten, spec: Any, *rest: Any) -> Any:
    return stage(flatten(spec) if isinstance(spec, Mapping) else spec, *rest)


def mend_index_choice(storage: type[Any]) -> None:
    """Let a filter with `$and` or `$or` use an index for the conditions that every match must meet.

    SecantusDB 0.7.0b3 reads the whole collection for them, and Django's backend writes `$and` for every filter of two
    fields: 70 ms instead of 1 ms with 5,000 documents. What an index finds is compared with the whole filter
    afterwards, in reads and writes alike, so that a narrower question to the index changes no result.
    """
    find_by_index = storage._try_index_id_keys

    def find_by_index_of_conjuncts(
        self: Any, db: str, collection: str, query: dict[str, Any], **options: Any
    ) -> list[bytes] | None:
        if any(name.startswith("$") for name in query):
            query = list_conjuncts(query)
        by_key: list[bytes] | None = None
        if "_id" in query:  # beside which it would take an index on any other field
            by_key = find_by_index(self, db, collection, {"_id": query["_id"]}, **options)
        return find_by_index(self, db, collection, query, **options) if by_key is None else by_key

    storage._try_index_id_keys = find_by_index_of_conjuncts


def list_conjuncts(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return the conditions on single fields that hold for every match; of several on one field, the first."""
    conjuncts: dict[str, Any] = {}
    for name, condition in query.items():
        if name == "$and":
            for part in condition:
                conjuncts = {**list_conjuncts(part), **conjuncts}
        elif not name.startswith("$"):
            conjuncts.setdefault(name, condition)
    return conjuncts


def mend() -> None:
    """Put into SecantusDB's place what it does wrongly, or by reading a whole collection."""
    from secantus import aggregate, commands, projection, storage  # noqa: PLC0415 - as below

    mend_nested_stages(aggregate._STAGES, projection._flatten_projection_spec)
    mend_index_choice(storage.Storage)
    mend_pages(commands._HANDLERS, storage)


def serve(*, port: int, data_dir: Path, ttl_sweep_s: float, is_mended: bool = True) -> None:
    """Serve the database in `data_dir` on `port` until a signal asks to stop.

    Every acknowledged write is on disk: with its defaults SecantusDB loses some to a SIGKILL.
    """
    from secantus.server import SecantusDBServer  # noqa: PLC0415 - heavy, and not of this package's licence

    if is_mended:
        mend()
    is_stop_asked = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: is_stop_asked.set())
    server = SecantusDBServer(
        host=HOST,
        port=port,
        storage_path=str(data_dir),
        # No replica set: Butler needs none, and without a log of operations writes cost a quarter less.
        replica_set_name=None,
        sync_on_commit=True,
        durable=True,
        enable_test_commands=False,
        ttl_sweep_seconds=ttl_sweep_s,
        cache_size=CACHE_SIZE,
    )
    server.start()
    log.info("listening on %s:%d, data in %s", HOST, port, data_dir)
    log.info(
        "this server is for first runs, development and tests; in production set MONGODB_URL to a MongoDB 8"
    )
    is_stop_asked.wait()
    # Its accepting thread notices a stop at the next connection, or after two seconds.
    server._stop_event.set()
    socket.create_connection((HOST, port)).close()
    server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--parent-pid", type=int, help="end when this process, the parent, ends")
    parser.add_argument(
        "--ttl-sweep-s", type=float, default=TTL_SWEEP_S, help="seconds between looks for expired"
    )
    parser.add_argument("--unmended", action="store_true", help="leave SecantusDB's defect in (for its test)")
    args = parser.parse_args()
    if args.parent_pid is not None:
        die_with_parent(args.parent_pid)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    log.setLevel(logging.INFO)
    args.data_dir.mkdir(parents=True, exist_ok=True)
    serve(
        port=args.port,
        data_dir=args.data_dir,
        ttl_sweep_s=args.ttl_sweep_s,
        is_mended=not args.unmended,
    )


if __name__ == "__main__":
    main()
