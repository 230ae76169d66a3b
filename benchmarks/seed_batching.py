"""Does it pay to batch seeds through a convolutional encoder? One SimCLR step for S seeds, one after another and under
vmap.

    python benchmarks/seed_batching.py [--seeds 3] [--steps 20] [--threads 1] [--size 14] [--batch 256]

Prints milliseconds per step for all seeds (the fastest of the steps after a warm-up) and the largest difference of the
two losses. `mmcl_core.train` follows the answer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from mmcl_core.losses import nt_xent
from mmcl_core.models.conv import ConvEncoder, projection_head
from mmcl_core.runtime import device_label, resolve_device


def fastest(step: Callable[[], Tensor], steps: int, device: torch.device) -> float:
    """Milliseconds of the fastest of `steps` calls, after two that warm up."""
    times = []
    for _ in range(steps + 2):
        start = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times[2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("seeds", 3), ("steps", 20), ("threads", 1), ("size", 14), ("batch", 256)):
        parser.add_argument(f"--{name}", type=int, default=default)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    device = resolve_device()
    torch.manual_seed(0)
    models = [nn.Sequential(ConvEncoder(a.size), projection_head(128, 128, 64)).to(device) for _ in range(a.seeds)]
    first, second = (torch.rand(a.seeds, a.batch, 3, a.size, a.size, device=device) for _ in range(2))
    parameters, _ = stack_module_state(models)
    stacked = {name: value.detach().clone().requires_grad_() for name, value in parameters.items()}
    shell = models[0]
    optimisers = [torch.optim.Adam(model.parameters()) for model in models], torch.optim.Adam(stacked.values())

    def one_by_one() -> Tensor:
        losses = []
        for k, (model, optimiser) in enumerate(zip(models, optimisers[0], strict=True)):
            loss = nt_xent(model(first[k]), model(second[k]), 0.5)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.detach())
        return torch.stack(losses)

    def together() -> Tensor:
        forward = vmap(lambda p, x: functional_call(shell, p, (x,)))
        losses = nt_xent(forward(stacked, first), forward(stacked, second), 0.5)
        optimisers[1].zero_grad()
        losses.sum().backward()
        optimisers[1].step()
        return losses.detach()

    difference = float((one_by_one() - together()).abs().max())
    print(
        f"{device_label(device)}; {a.seeds} seeds, batch {a.batch}, {a.size} x {a.size} images, fastest of {a.steps} "
        f"steps"
    )
    print(f"one after another {fastest(one_by_one, a.steps, device):8.1f} ms")
    print(f"vmap over seeds   {fastest(together, a.steps, device):8.1f} ms")
    print(f"largest difference of the losses {difference:.1e}")


if __name__ == "__main__":
    main()
