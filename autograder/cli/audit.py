"""`leftcontext audit`: is the model that a factory returns causal?"""

from __future__ import annotations

import os
from typing import Annotated

import typer

from autograder.cli.options import WRONG, Json


def audit(
    target: Annotated[
        str, typer.Argument(metavar="MODULE:FACTORY", help="A function without arguments that returns the model.")
    ],
    vocab: Annotated[
        int | None, typer.Option(help="How many tokens the model knows. Default: what the model says.", min=2)
    ] = None,
    length: Annotated[
        int | None, typer.Option("--length", metavar="T", help="How many tokens to audit with, at most.", min=2)
    ] = None,
    prefix: Annotated[int, typer.Option(help="So many first tokens may be seen by every output.", min=0)] = 0,
    thorough: Annotated[bool, typer.Option("--thorough", help="Ask every output at every length; slower.")] = False,
    train: Annotated[
        int, typer.Option(metavar="STEPS", help="Train a copy of a PyTorch model on random tokens too.", min=0)
    ] = 0,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    seed: Annotated[int, typer.Option(help="Random seed of the tokens.", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Audit a model: does an output depend on later tokens? Exit code 0: it does not; 1: it leaks; 2: it can't be audited.

    The model maps int tokens (B, T), or (T,), to logits (B, T, vocab), or (T, vocab): a function, or a module of PyTorch.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from leftcontext.audit import audit as examine
    from leftcontext.audit.factory import build_model

    found = examine(build_model(target), vocab=vocab, T=length, prefix=prefix, train=train, thorough=thorough, seed=seed)
    typer.echo(found.to_json(influence=False) if as_json else str(found))
    raise typer.Exit(WRONG if not found.causal or (strict and found.warnings) else 0)
