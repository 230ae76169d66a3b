"""Families of trained encoders: SimCLR's convolutions, the LeNets of Xue et al. side by side, the small CLIP."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.gpu.place import Check, Place, apart
from mmcl_core.data.scenes import scenes
from mmcl_core.losses import clip_loss, nt_xent
from mmcl_core.models.conv import ConvEncoder, projection_head
from mmcl_core.papers.xue2024.lenet import LeNets, lenet
from mmcl_core.papers.yaras2024 import towers
from mmcl_core.papers.yaras2024.methods import METHODS


def convolutions(p: Place) -> Check:
    """SimCLR's step on digits: the features here against the same weights in double precision."""
    batch, size = p.size(512, 16), p.size(28, 14)
    torch.manual_seed(0)
    model, images = (
        torch.nn.Sequential(ConvEncoder(size), projection_head(128, 128, 64)),
        torch.rand(batch, 3, size, size),
    )
    exact = model.double()(images.double())
    model, images = model.float().to(p.device), images.to(p.device)
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, fused=True)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        nt_xent(model(images), model(images.flip(-1)), 0.5).backward()
        optimiser.step()

    side = size // 4
    flops = 2 * 3 * 2 * batch * (size**2 * 27 * 32 + (size // 2) ** 2 * 288 * 64 + 64 * side**2 * 128)
    return Check("huang2024 SimCLR", lambda: apart(model(images), exact), 5e-3, step, flops, capture=False)


def xue2024(p: Place) -> Check:
    """LeNets by grouped convolutions against each by itself in double precision; the time is that of a step of SGD."""
    models, batch, size = p.size(8, 2), p.size(128, 8), 28
    torch.manual_seed(0)
    networks, images = [lenet(size, 10) for _ in range(models)], torch.rand(1, batch, 3, size, size)
    together = LeNets(networks).to(p.device)
    exact = torch.stack([network.double()(images[0].double()) for network in networks])
    here, target = images.to(p.device), torch.zeros(models * batch, dtype=torch.long, device=p.device)
    optimiser = torch.optim.SGD(together.parameters(), 0.01, 0.9, fused=True)
    found = together(here).detach()

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(together(here).flatten(0, 1), target).backward()
        optimiser.step()

    products = 24**2 * 75 * 6 + 8**2 * 150 * 16 + 256 * 120 + 120 * 84 + 84 * 10
    flops = 2 * 3 * models * batch * products
    return Check("xue2024 LeNets", lambda: apart(found, exact), 1e-3, step, flops, capture=False)


def small_clip(p: Place) -> Check:
    """A short training of the small CLIP as tier `paper` does it: is the loss where the processor's is?"""
    pairs, batch, steps = p.size(65_536, 64), p.size(256, 16), p.size(768, 4)
    drawn = scenes("gpu check", 0, pairs)
    method, name = METHODS["baseline"], "gpu check"

    def trained(device: torch.device, steps: int) -> towers.TwoTowers:
        model = towers.tiny_clip(method, name, 0).to(device)
        recipe = towers.Recipe(batch, 1 + steps * batch // pairs, 1e-3, None, steps)
        towers.fit(model, drawn.images.to(device), drawn.tokens.to(device), method, recipe, name, 0)
        return model

    def error() -> float:
        """Of the loss on 256 pairs: chaos parts the weights of two precisions, not what they have learnt."""
        rows, found = slice(0, 256), []
        for model in (trained(p.device, min(steps, 100)), trained(torch.device("cpu"), min(steps, 100))):
            device = model.temperature.nu.device
            with torch.no_grad():
                a, b = model.image(drawn.images[rows].to(device)), model.text(drawn.tokens[rows].to(device))
            found.append(clip_loss(a.double(), b.double(), 0.07)[None])
        return apart(*found)

    flops = 2 * batch * (2 * 64 * 48 * 16 + 3 * 16 * 144 * 32 + 3 * 150_000 + 3 * batch * 64)
    return Check("small CLIP, one run", error, 5e-2, lambda: trained(p.device, steps), flops * steps, capture=False)
