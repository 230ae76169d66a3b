"""The subcommands and their options; errors are one sentence."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from mmcl_core import __version__
from mmcl_core.cli import commands, train_clip
from mmcl_core.cli.claims import command_claims
from mmcl_core.errors import InputError


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message[0].upper()}{message[1:]}: see '{self.prog} --help' for what is allowed")


def parser() -> Parser:
    main = Parser(prog="mmcl", description="Run, judge, draw and publish the book's experiments.")
    main.add_argument("--version", action="version", version=f"mmcl {__version__}")
    subcommands = main.add_subparsers(dest="command", required=True, metavar="command", parser_class=Parser)

    def add(name: str, function: Any, text: str, running: bool = False, settable: bool = True) -> Parser:
        sub = subcommands.add_parser(name, help=text, description=text)
        sub.set_defaults(function=function)
        if running:
            sub.add_argument(
                "--tier", default="book", help="smoke (seconds), book (default), paper (the paper's sizes)"
            )
            sub.add_argument("--device", default="auto", help="auto, cpu or cuda")
            sub.add_argument("--seeds", default=None, help="a count such as 5, or a list such as 0,3,7")
            sub.add_argument("--jobs", default=None, help="processes side by side; default: what the machine allows")
            sub.add_argument("--backend", default="local", help="local (processes of this machine) or dask")
            sub.add_argument(
                "--scheduler", default=None, metavar="ADDRESS", help="of the Dask cluster: tcp://host:8786"
            )
        if running and settable:
            sub.add_argument(
                "--set", action="append", default=[], metavar="NAME=VALUE", help="another value for a field, repeatable"
            )
        return sub

    sub = add("list", commands.command_list, "list chapters, experiments and figures, or one experiment's fields")
    sub.add_argument(
        "name", nargs="?", metavar="chapter|experiment", help="of one chapter, or all about one experiment"
    )
    sub.add_argument("--json", action="store_true")
    add("run", commands.command_run, "run a chapter or one experiment", running=True).add_argument(
        "target", metavar="chapter|experiment"
    )
    sub = add("figure", commands.command_figure, "draw a figure without a notebook", running=True)
    sub.add_argument("id", metavar="id|all")
    sub.add_argument("--format", default="pdf", help="any of svg,pdf,png,csv")
    sub.add_argument("--out", default=".", help="folder for the files")
    sub = add("claims", command_claims, "judge claims: all, a chapter's, one, or a pattern", running=True)
    sub.add_argument("pattern", nargs="?", metavar="chapter|claim|pattern")
    sub.add_argument("--tolerance", type=float, default=1.0, metavar="FACTOR", help="judge with tolerances times this")
    form = sub.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="every field of every row")
    form.add_argument("--jsonld", action="store_true", help="the rows as schema.org claims")
    sub = add("build", commands.command_build, "execute the chapters and build the site", running=True, settable=False)
    sub.add_argument("--pdf", action="store_true", help="also print the book as one PDF (needs Chromium)")
    add("serve", commands.command_serve, "show the built site on this machine").add_argument(
        "--port", type=int, default=8000
    )
    add("sync", commands.command_sync, "bring both halves of every chapter pair into step").add_argument(
        "--keep", choices=("text", "notebook"), help="which half stands where both were edited"
    )
    add("why", commands.command_why, "say why a result would be computed again", running=True).add_argument(
        "target", metavar="chapter|experiment"
    )
    sub = add("train-clip", train_clip.command_train_clip, "train a CLIP on pairs of your own, alone or under torchrun")
    sub.add_argument("config", metavar="preset|file.toml", help="yaras2024, xue2024-scratch, small, or a TOML file")
    sub.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="another value for a field")
    sub.add_argument("--weights", default="", help="pretrained weights (safetensors) to start from")
    sub.add_argument("--memory", default="", help="for example 20GB: gradients are cached to stay below it")
    sub.add_argument("--device", default="auto", help="auto, cpu or cuda")
    sub.add_argument("--out", default=None, help="folder for checkpoints and logs; default: beside the store")
    sub.add_argument(
        "--check", action="store_true", help="say what the run would do, and of the pairs what is unusable"
    )
    sub = add("data", commands.command_data, "list or fetch data sources")
    sub.add_argument("action", choices=("list", "fetch"))
    sub.add_argument("name", nargs="?")
    add("doctor", commands.command_doctor, "say what is here, what is missing, and how to get it")
    return main
