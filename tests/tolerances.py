"""How near two computations of one number must be, by precision: one table instead of a number per assertion."""

import numpy as np
import torch

RELATIVE = {torch.float64: 1e-10, torch.float32: 1e-5, torch.bfloat16: 2e-2}
ABSOLUTE = {torch.float64: 1e-12, torch.float32: 1e-6, torch.bfloat16: 1e-2}


def _precision(x):
    dtype = x.dtype if isinstance(x, torch.Tensor) else torch.from_numpy(np.zeros(1, np.asarray(x).dtype)).dtype
    return dtype if dtype in RELATIVE else torch.float64


def close(actual, expected, loose=1.0):
    """Equal up to rounding of the coarser of the two precisions, entry by entry (a single number is compared with
    every entry); `loose` multiplies both tolerances where a formula amplifies rounding by a known factor."""
    dtype = min((_precision(actual), _precision(expected)), key=lambda d: -RELATIVE[d])
    a, b = (
        x.detach().cpu().double().numpy() if isinstance(x, torch.Tensor) else np.asarray(x, float)
        for x in (actual, expected)
    )
    if a.size != 1 and b.size != 1 and a.shape != b.shape:
        return False
    return np.allclose(a, b, rtol=loose * RELATIVE[dtype], atol=loose * ABSOLUTE[dtype])
