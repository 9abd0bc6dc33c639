"""Audit a tiny random model of every causal architecture of the installed transformers, and write the table.

    python benchmarks/audit_transformers.py --write benchmarks/audit-transformers-5.24.0.md
    python benchmarks/audit_transformers.py BigBirdForCausalLM XLMWithLMHeadModel

With `--keep FILE` each outcome is kept as a line of JSON, and the next run leaves out what is kept there already.

Each architecture is built and audited in a process of its own, with a limit of processor time: one that crashes or hangs
costs nothing but itself. A model that leaks is built once more with each switch of its configuration that makes it causal,
so that a bug is told from a setting. The attention is the one that transformers takes by default; where the eager one
gives something else, that is audited too.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", OMP_NUM_THREADS="1")
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import tiny_transformers as tiny  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

from leftcontext.audit import Report, audit  # noqa: E402

LENGTH = 72  # tokens: past a block of 64
CAUSAL, LEAKS, NONE = "causal", "**leaks**", "no verdict"
CONFIGURED, DESIGNED = "not causal as configured", "not causal by design"
RANKS = {LEAKS: 0, CONFIGURED: 1, DESIGNED: 2, NONE: 3, CAUSAL: 4}  # in the table
# What a configuration may say about it, and what makes it causal.
SWITCHES: tuple[tuple[str, Any], ...] = (
    ("causal", True),
    ("is_causal", True),
    ("attn_type", "uni"),
    ("use_bidirectional_attention", False),
)
BY_DESIGN = {
    "CpmAntForCausalLM": "tokens that are given are a context, seen from everywhere; only what is generated is causal",
    "ReformerModelWithLMHead": "attention masks by position, but sorts positions into chunks by the hashes of all tokens, so "
    "that later tokens decide which earlier ones share a chunk with an output; causal where one chunk holds the whole text",
}
# Why it leaks, read in its source, and what has been reported. `tests/audit/test_hugging_face.py` mends ProphetNet so.
REASONS = {
    "BigBirdForCausalLM": "a bidirectional mask although it is a decoder (transformers issue 48745)",
    "MegatronBertForCausalLM": "a bidirectional mask although it is a decoder (transformers issue 48745)",
    "RemBertForCausalLM": "a bidirectional mask although it is a decoder (transformers issue 48745)",
    "RoFormerForCausalLM": "a bidirectional mask although it is a decoder (transformers issue 48745)",
    "DogeForCausalLM": "its dynamic mask takes the place of a causal one that was left to the kernel (transformers issue 48748)",
    "MoshiForCausalLM": "its causal mask is made only where an attention mask is handed over",
    "ProphetNetForCausalLM": "the relative position scores of the stream that predicts are ordered (time, stream, head) and "
    "read as (stream, head, time), so an output gets those of other positions; in the right order nothing leaks",
}


@dataclass(frozen=True)
class Outcome:
    """What is known about one architecture after its audit."""

    name: str
    verdict: str
    leak: str = ""
    said: str = ""
    seconds: float = 0.0


def examine(name: str, model_type: str) -> Outcome:
    """Build it, audit it, and look whether a leak is what its configuration asks for."""
    report, where = _audit(name, model_type), ""
    if report.causal and _has_another_path(name, model_type):
        report, where = _audit(name, model_type, attention="eager"), ", with eager attention only"
    if report.causal:
        return Outcome(name, CAUSAL, said=" ".join(report.warnings))
    assert report.looks_like is not None
    why = f": {REASONS[name]}" if name in REASONS else ""
    found = Outcome(name, LEAKS, str(report.first_leak or ""), f"{report.looks_like}{where}{why}")
    if name in BY_DESIGN:
        return replace(found, verdict=DESIGNED, said=f"{report.looks_like}: {BY_DESIGN[name]}")
    config = tiny.configuration(name, model_type)
    for switch, wanted in SWITCHES:
        now = getattr(config, switch, wanted)
        if now != wanted and _audit(name, model_type, **{switch: wanted}).causal:
            said = f"{report.looks_like}, with {switch}={now!r}, as it is by default; causal with {switch}={wanted!r}"
            return replace(found, verdict=CONFIGURED, said=said)
    return found


def _has_another_path(name: str, model_type: str) -> bool:
    """Whether the eager attention computes something else than the default one, which is a fused kernel for most."""
    tokens = torch.randint(tiny.TOKENS, (2, LENGTH), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        one, other = (tiny.build(name, model_type, attention=each)(tokens).logits for each in (None, "eager"))
    return not torch.allclose(one, other, atol=1e-4)


def _audit(name: str, model_type: str, **switches: Any) -> Report:
    return audit(tiny.build(name, model_type, **switches), vocab=tiny.TOKENS, T=LENGTH)


def work(name: str, model_type: str, limit: int, answers: Connection) -> None:
    """The child: one architecture, at most `limit` seconds of processor time."""
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    try:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
            outcome = examine(name, model_type)
    except Exception as error:  # whatever transformers raises for a configuration that is made small
        text = " ".join(f"{type(error).__name__}: {error}".split())
        outcome = Outcome(name, NONE, said=text[:160])
    answers.send(replace(outcome, seconds=time.process_time()))


def audit_all(chosen: dict[str, str], jobs: int, limit: int, hang: int) -> Iterator[Outcome]:
    """Each architecture's outcome, as it comes, `jobs` at a time."""
    context, waiting = multiprocessing.get_context("fork"), list(chosen.items())
    running: dict[Connection, tuple[str, Any, float]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            name, model_type = waiting.pop(0)
            mine, its = context.Pipe(duplex=False)
            process = context.Process(target=work, args=(name, model_type, limit, its))
            process.start()
            its.close()
            running[mine] = (name, process, time.monotonic())
        for ready in wait(list(running), timeout=1):
            assert isinstance(ready, Connection)
            name, process, _ = running.pop(ready)
            yield _outcome(name, process, ready, limit)
        for _, process, began in running.values():
            if time.monotonic() - began > hang:
                process.kill()


def _outcome(name: str, process: Any, answers: Connection, limit: int) -> Outcome:
    try:
        outcome: Outcome = answers.recv()
    except EOFError:
        process.join()
        why = (
            f"stopped: more than {limit} s, or hanging"
            if process.exitcode in (-24, -9)
            else f"crashed with exit code {process.exitcode}"
        )
        return Outcome(name, NONE, said=why)
    process.join()
    return outcome


def kept(file: Path | None) -> dict[str, Outcome]:
    """The outcomes of earlier runs with this version of transformers, by name; the last of each."""
    if file is None or not file.exists():
        return {}
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    found = [Outcome(**line["outcome"]) for line in lines if line["transformers"] == transformers.__version__]
    return {outcome.name: outcome for outcome in found}


def keep(file: Path | None, outcome: Outcome) -> None:
    """Add one outcome to the file."""
    if file is not None:
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"transformers": transformers.__version__, "outcome": asdict(outcome)}) + "\n")


def table(outcomes: Iterable[Outcome]) -> str:
    """The committed page."""
    ordered = sorted(outcomes, key=lambda each: (RANKS[each.verdict], each.name.lower()))
    counts = Counter(each.verdict for each in ordered)
    told = ", ".join(f"{counts[verdict]} {verdict.strip('*')}" for verdict in RANKS if counts[verdict])
    taken = sum(each.seconds for each in ordered)
    versions = f"NumPy {np.__version__}, PyTorch {torch.__version__}, transformers {transformers.__version__}"
    lines = [
        f"# transformers {transformers.__version__}, audited",
        "",
        f"A tiny random model of each causal architecture, audited with `leftcontext.audit` at up to {LENGTH} tokens,",
        "by `python benchmarks/audit_transformers.py`.",
        f"{len(ordered)} architectures, of which {len(ordered) - counts[NONE]} got a verdict: {told}.",
        f"It took {taken:.0f} s of processor time, one thread for each. Python {platform.python_version()}, {versions}.",
        "",
        "| architecture | verdict | first leak | what it looks like; warnings; why no verdict | seconds |",
        "|:--|:--|:--|:--|--:|",
        *(f"| {o.name} | {o.verdict} | {o.leak} | {plain(o.said)} | {o.seconds:.1f} |" for o in ordered),
    ]
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """A text that stays in its cell of a table, and names nothing in backticks."""
    return text.replace("|", "/").replace("`", "'")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="architectures; all where none is named")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--limit", type=int, default=60, help="seconds of processor time for each")
    parser.add_argument("--hang", type=int, default=300, help="seconds of the clock for each, as for one that waits forever")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="where outcomes are kept, to go on from there")
    parser.add_argument("--write", type=Path, help="where the table goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    tiny.warm_up()  # what most of them share is imported once, before the processes are forked
    known = tiny.architectures()
    if unknown := set(options.names) - known.keys():
        parser.error(f"transformers {transformers.__version__} has no causal architecture {', '.join(sorted(unknown))}")
    outcomes = {} if options.names else kept(options.keep)
    chosen = {name: known[name] for name in options.names or known if name not in outcomes}
    for outcome in audit_all(chosen, options.jobs, options.limit, options.hang):
        outcomes[outcome.name] = outcome
        keep(options.keep, outcome)
        said = f"{outcome.name}: {outcome.verdict} {outcome.leak} {outcome.said}"
        count = f"{len(outcomes):3}/{len(options.names or known)}"
        print(f"{count} {outcome.seconds:5.1f} s  {said if options.names else said[:160]}", flush=True)
    page = table(outcomes.values())
    print("\n".join(page.splitlines()[4:7]))
    if options.write:
        options.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
