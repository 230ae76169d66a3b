"""What is measured on a run's test pairs, by the core's metrics."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader

from mmcl_core import metrics
from mmcl_core.clip.batches import EvaluationViews, loaded, one_thread
from mmcl_core.clip.towers import Clip

COLUMNS = ("uniformity", "gap", "image_retrieval", "text_retrieval")


@torch.no_grad()
def embedded(
    clip: Clip, views: EvaluationViews, batch: int, workers: int, device: torch.device, autocast: bool
) -> tuple[Float[np.ndarray, "N D"], Float[np.ndarray, "N D"]]:
    """Both modalities' embeddings of all test pairs, not normalised."""
    was_training = clip.training
    clip.eval()
    images: list[Tensor] = []
    texts: list[Tensor] = []
    loader = DataLoader(views, batch_size=batch, num_workers=workers, worker_init_fn=one_thread if workers else None)
    for pictures, tokens, _ in loaded(loader):
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=autocast):
            images.append(clip.image(pictures.to(device)).float())
            texts.append(clip.text(tokens.to(device)).float())
    clip.train(was_training)
    return torch.cat(images).cpu().numpy(), torch.cat(texts).cpu().numpy()


def measures(
    image: Float[np.ndarray, "N D"], text: Float[np.ndarray, "N D"], gap_pairs: int, seed: int
) -> dict[str, float]:
    """`COLUMNS`: uniformity and gap on `gap_pairs` random pairs (Yaras et al. 2024, section 4), retrieval at one on
    all.

    Image retrieval asks with a text, text retrieval with an image.
    """
    rows = np.random.default_rng([seed, 1]).permutation(len(image))[:gap_pairs]
    return {
        "uniformity": metrics.uniformity(image[rows], text[rows]),
        "gap": metrics.modality_gap(image[rows], text[rows]),
        "image_retrieval": metrics.retrieval_at_1(text, image),
        "text_retrieval": metrics.retrieval_at_1(image, text),
    }
