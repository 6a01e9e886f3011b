"""A run: every sample is asked for once, by the code that writes the daily digests.

One model is asked, without anybody to step in for it. What fails is an outcome and counted. Several samples at a time
are in work if that is wanted; latencies are then those of a server under that load.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace

import tracing
from digests.benchmark.drafted import Drafted, summarise_verdict
from digests.benchmark.report import Measured
from digests.benchmark.scenario import BenchmarkSample
from digests.domain.drafting import Draft, draft_digest
from digests.domain.reviews import judge_statements
from digests.domain.spending import Spending
from digests.errors import DigestUnfit, ReviewUnreadable
from llm.chain import Chain
from llm.errors import LLMError

Watch = Callable[[Drafted], None]


def run_samples(
    samples: Sequence[BenchmarkSample],
    *,
    chain: Chain,
    reviewer: Chain | None = None,
    concurrency: int = 1,
    watch: Watch = lambda drafted: None,
) -> list[Drafted]:
    """Ask for a digest of each sample; `watch` is told of each as it is finished, in the caller's thread.

    What has not begun when the caller is interrupted never does.
    """
    drafted: list[Drafted] = []
    with tracing.span("run benchmark", samples=len(samples), concurrency=concurrency):
        for done in _work(samples, chain, reviewer, concurrency):
            drafted.append(done)
            watch(done)
        tracing.note(failed=sum(bool(one.fault) for one in drafted))
    return drafted


def draft_sample(sample: BenchmarkSample, *, chain: Chain, reviewer: Chain | None = None) -> Drafted:
    """Ask for the digest of one sample, and for a verdict on it if there is a reviewer."""
    spending = Spending()
    with tracing.span("benchmark sample", posts=len(sample.seen.posts)):
        try:
            draft = draft_digest(sample.seen, zone=sample.zone, chain=spending.counting(chain))
        except LLMError as error:
            return replace(_blank(sample, spending), fault=error.outcome, is_answered=False)
        except DigestUnfit as unfit:
            return replace(_blank(sample, spending), fault=unfit.fault)
        return replace(
            _blank(sample, spending, draft),
            statements=draft.statements,
            verdict=_judge(draft, sample, reviewer),
        )


def _blank(sample: BenchmarkSample, spending: Spending, draft: Draft | None = None) -> Drafted:
    return Drafted(
        channel=sample.channel,
        day=sample.day,
        posts_hash=sample.posts_hash,
        model=spending.model,
        measured=Measured(
            whole_s=draft.latency_s if draft else None,
            first_token_s=draft.first_token_s if draft else None,
            tokens_in=spending.prompt_tokens,
            tokens_out=spending.completion_tokens,
            is_estimated=spending.is_estimated,
        ),
    )


def _judge(
    draft: Draft, sample: BenchmarkSample, reviewer: Chain | None
) -> tuple[float, float, float] | None:
    """Return the reviewer's verdict; one that gives none leaves the sample unjudged."""
    if reviewer is None:
        return None
    try:
        verdict = judge_statements(draft.statements, sample.seen, zone=sample.zone, chain=reviewer)
    except (LLMError, ReviewUnreadable):
        return None
    return summarise_verdict(verdict)


def _work(
    samples: Iterable[BenchmarkSample], chain: Chain, reviewer: Chain | None, concurrency: int
) -> Iterator[Drafted]:
    if concurrency == 1:
        for sample in samples:
            yield draft_sample(sample, chain=chain, reviewer=reviewer)
        return
    executor = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="benchmark")
    try:
        futures = [_submit(executor, sample, chain, reviewer) for sample in samples]
        for future in as_completed(futures):
            yield future.result()
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _submit(
    executor: ThreadPoolExecutor, sample: BenchmarkSample, chain: Chain, reviewer: Chain | None
) -> Future[Drafted]:
    """Have a thread draft a sample as a step of the run's trace."""
    context = contextvars.copy_context()
    return executor.submit(context.run, lambda: draft_sample(sample, chain=chain, reviewer=reviewer))
