"""Zero-shot accuracy of a trained CLIP on pairs with classes, and on folders of pictures named by their class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from mmcl_core.clip.config import ClipRun
from mmcl_core.clip.images import Broken, centre_view, decode
from mmcl_core.clip.pairs import Pairs
from mmcl_core.clip.runs import checkpoint, run_folder
from mmcl_core.clip.tokens import Tokens
from mmcl_core.clip.towers import Clip, make_clip
from mmcl_core.errors import DataAbsent, InputError
from mmcl_core.metrics import accuracy, zero_shot_predictions
from mmcl_core.models.temperature import Temperature

PROMPT = "a photo of a {}"
ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}


@torch.no_grad()
def class_embeddings(clip: Clip, tokens: Tokens, classes: Sequence[str]) -> Float[np.ndarray, "C D"]:
    """Unit embeddings of `PROMPT` for every class."""
    device = next(clip.parameters()).device
    text = clip.text(tokens([PROMPT.format(c) for c in classes]).to(device))
    return torch.nn.functional.normalize(text.float(), dim=-1).cpu().numpy()


@torch.no_grad()
def picture_embeddings(clip: Clip, pictures: Sequence[bytes], pixels: int, batch: int = 256) -> np.ndarray:
    """Embeddings `[N, D]` of the pictures' centres."""
    device, was_training, parts = next(clip.parameters()).device, clip.training, []
    clip.eval()
    for k in range(0, len(pictures), batch):
        views = torch.stack([centre_view(decode(p), pixels) for p in pictures[k : k + batch]])
        parts.append(clip.image(views.to(device)).float().cpu().numpy())
    clip.train(was_training)
    return np.concatenate(parts)


def zero_shot_on_pairs(clip: Clip, tokens: Tokens, pairs: Pairs, pixels: int) -> float:
    """Accuracy among all classes of `pairs`, of the pictures that have a class."""
    rows = [i for i in range(len(pairs)) if pairs.label(i) >= 0]
    if not rows:
        raise InputError(
            "Zero-shot accuracy needs pictures with a class: put instances_<split>.json beside the captions"
        )
    images = picture_embeddings(clip, [pairs.picture(i) for i in rows], pixels)
    labels = np.array([pairs.label(i) for i in rows])
    return accuracy(zero_shot_predictions(images, class_embeddings(clip, tokens, pairs.classes)), labels)


def zero_shot_on_folder(clip: Clip, tokens: Tokens, folder: Path, classes: Sequence[str], pixels: int) -> float:
    """Accuracy among `classes` on `folder/<class>/*.jpg`; folders that are no class are left out.

    Raises
    ------
    InputError
        When no folder is named as a class, or a picture cannot be decoded.
    """
    found = [(c, p) for c in classes for p in sorted((folder / c).glob("*")) if p.suffix.lower() in ENDINGS]
    if not found:
        raise InputError(
            f"{folder} has no pictures in folders named as one of the {len(classes)} classes, such as {classes[0]}"
        )
    try:
        images = picture_embeddings(clip, [p.read_bytes() for _, p in found], pixels)
    except (Broken, OSError) as error:
        raise InputError(f"A picture under {folder} cannot be decoded ({error}): remove it") from None
    labels = np.array([list(classes).index(c) for c, _ in found])
    return accuracy(zero_shot_predictions(images, class_embeddings(clip, tokens, classes)), labels)


def trained_clip(run: ClipRun, temperature: Temperature, seed: int, device: torch.device) -> tuple[Clip, Tokens]:
    """The towers that a finished run left, and its tokenizer.

    Raises
    ------
    DataAbsent, InputError
        When its weights are not there (the measures alone were copied), or damaged.
    """
    kept = checkpoint(run, seed, run_folder(run))
    state = kept.load()
    if state is None:
        raise DataAbsent(f"The weights {kept.path} are not there: copy them beside the run's measures")
    tokens = Tokens(run.tokenizer, run.context)
    clip = make_clip(run, tokens, temperature)
    clip.load_state_dict(state["model"])
    return clip.to(device).eval(), tokens
