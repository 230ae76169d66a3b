"""`mmcl claims`: rows of the ledger, in words or for machines, at other tolerances, beside the reader's own seeds."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from typing import Any

from mmcl_core.cli.asked import Runner, claims_named, passing_over
from mmcl_core.errors import InputError


def command_claims(a: argparse.Namespace) -> int:
    if not 0 < a.tolerance < math.inf:  # before the papers are loaded, which takes seconds
        raise InputError(f"--tolerance {a.tolerance:g} cannot be used: allowed are factors above 0 such as 0.5 or 2")
    from mmcl_core import catalog
    from mmcl_core.evidence import report
    from mmcl_core.evidence.ledger import changed_at_tolerance, evaluate
    from mmcl_core.lab.config import Tier

    claims = claims_named(a.pattern)
    needed = [catalog.find_experiment(name) for name in dict.fromkeys(e for c in claims for e in c.experiments)]
    results = Runner(a, needed)
    judged = {name for c in claims if c.minimum_tier.rank <= Tier.parse(a.tier).rank for name in c.experiments}
    results.prepare([e for e in needed if e.name in judged])
    measured = []
    for claim in claims:
        with passing_over(claim.id, len(claims) == 1, a.set):
            measured.append(evaluate(claim, a.tier, results))
    rows = measured if a.tolerance == 1 else [row.at_tolerance(a.tolerance) for row in measured]
    if a.json:
        print(json.dumps([row.record() for row in rows], indent=1, ensure_ascii=False))
    elif a.jsonld:
        papers = [catalog.paper(key) for key in dict.fromkeys(c.paper for c in claims)]
        print(json.dumps(report.jsonld(rows, papers), indent=1, ensure_ascii=False))
    elif len(rows) == 1:
        print(report.full(rows[0]))
    else:
        print("\n".join(report.line(row) for row in rows))
        print(report.summary(measured))
    if a.seeds is not None and a.pattern not in (None, *catalog.PAPERS) and not (a.json or a.jsonld):
        compare_seeds(a, claims, needed)
    if a.tolerance != 1:
        changed = changed_at_tolerance(measured, a.tolerance)
        print(
            f"with every tolerance times {a.tolerance:g}, {len(changed)} of {len(rows)} verdicts are other: "
            + (", ".join(changed) or "none"),
            file=sys.stderr,
        )
    elsewhere = (
        a.tolerance != 1 or a.seeds is not None or bool(a.set)
    )  # declared verdicts are for the tier as it stands
    surprises = [row.claim.id for row in rows if row.surprising]
    if surprises and not elsewhere:
        print(f"mmcl: other verdicts than declared: {', '.join(surprises)}", file=sys.stderr)
    return int(bool(surprises) and not elsewhere)


def compare_seeds(a: argparse.Namespace, claims: Sequence[Any], needed: Sequence[Any]) -> None:
    """Whether the reader's seeds that are not the tier's own fall where the tier's own seeds say that one more
    falls."""
    from mmcl_core.evidence import report
    from mmcl_core.evidence.ledger import evaluate
    from mmcl_core.lab.run import parse_seeds

    own = Runner(argparse.Namespace(**{**vars(a), "seeds": None}), needed)
    for claim in claims:
        row = evaluate(claim, a.tier, own)
        if row.estimate is None or not row.estimate.samples:
            print("\n".join(report.compare(row, (), row.estimate)))
            continue
        config = own(claim.experiments[0]).config
        new = [s for s in parse_seeds(a.seeds, config) if s not in range(config.seeds)]
        if not new:
            print(f"{claim.id}: all of these seeds are among the {config.seeds} of tier {a.tier}; ask for others")
            continue
        mine = Runner(argparse.Namespace(**{**vars(a), "seeds": ",".join(map(str, new)) + ","}), needed)
        print("\n".join(report.compare(row, new, claim.estimator(*(mine(e) for e in claim.experiments)))))
