"""What a trained CLIP does on other pictures: zero-shot accuracy and a linear probe, on pairs with classes and on
folders of pictures named by their class."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from mmcl_core.clip.batches import loaded, one_thread
from mmcl_core.clip.config import ClipRun
from mmcl_core.clip.images import Broken, centre_view, decode
from mmcl_core.clip.pairs import Pairs
from mmcl_core.clip.runs import checkpoint, run_folder
from mmcl_core.clip.tokens import Tokens
from mmcl_core.clip.towers import Clip, make_clip
from mmcl_core.errors import DataAbsent, InputError
from mmcl_core.metrics import accuracy, linear_probe_predictions, zero_shot_predictions
from mmcl_core.models.temperature import Temperature

PROMPT = "a photo of a {}"
ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}


@torch.no_grad()
def class_embeddings(
    clip: Clip, tokens: Tokens, classes: Sequence[str], prompt: str = PROMPT
) -> Float[np.ndarray, "C D"]:
    """Unit embeddings of `prompt` for every class."""
    device = next(clip.parameters()).device
    text = clip.text(tokens([prompt.format(c.replace("_", " ")) for c in classes]).to(device))
    return torch.nn.functional.normalize(text.float(), dim=-1).cpu().numpy()


@dataclass(frozen=True)
class Labelled(Dataset):
    """Pictures that are read when they are asked for, `names` for complaints, and their classes' numbers."""

    read: Callable[[int], bytes]
    names: Sequence[str]
    labels: Int[np.ndarray, "N"]
    pixels: int

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> Float[Tensor, "3 H W"]:
        try:
            return centre_view(decode(self.read(i)), self.pixels)
        except (Broken, OSError) as error:
            raise InputError(f"The picture {self.names[i]} cannot be decoded ({error}): remove it") from None


@torch.no_grad()
def picture_embeddings(clip: Clip, pictures: Labelled, workers: int, batch: int = 256) -> Float[np.ndarray, "N D"]:
    """Embeddings of the pictures' centres, decoded ahead by `workers` processes."""
    device, was_training = next(clip.parameters()).device, clip.training
    clip.eval()
    loader = DataLoader(pictures, batch, num_workers=workers, worker_init_fn=one_thread if workers else None)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
        parts = [clip.image(views.to(device)).float().cpu().numpy() for views in loaded(loader)]
    clip.train(was_training)
    return np.concatenate(parts)


def _of_pair(pairs: Pairs, rows: np.ndarray, i: int) -> bytes:
    return pairs.picture(int(rows[i]))


def with_a_class(pairs: Pairs, pixels: int) -> Labelled:
    """The pictures of `pairs` that have a class.

    Raises
    ------
    InputError
        When none has.
    """
    labels = np.array([pairs.label(i) for i in range(len(pairs))], int)
    rows = np.flatnonzero(labels >= 0)
    if not len(rows):
        raise InputError("Accuracy needs pictures with a class: put instances_<split>.json beside the captions")
    return Labelled(partial(_of_pair, pairs, rows), [pairs.name(int(i)) for i in rows], labels[rows], pixels)


def _of_file(files: Sequence[Path], i: int) -> bytes:
    return files[i].read_bytes()


def in_folders(folder: Path, classes: Sequence[str], pixels: int) -> Labelled:
    """The pictures `folder/<class>/*`; folders that are no class are left out.

    Raises
    ------
    InputError
        When no folder is named as a class, or none has pictures.
    """
    found = [(k, p) for k, c in enumerate(classes) for p in sorted((folder / c).glob("*"))]
    found = [(k, p) for k, p in found if p.suffix.lower() in ENDINGS]
    if not found:
        raise InputError(
            f"{folder} has no pictures in folders named as one of the {len(classes)} classes"
            + (f", such as {classes[0]}" if classes else "")
        )
    files = [p for _, p in found]
    return Labelled(partial(_of_file, files), [str(p) for p in files], np.array([k for k, _ in found]), pixels)


def zero_shot(clip: Clip, tokens: Tokens, pictures: Labelled, classes: Sequence[str], workers: int) -> float:
    """Accuracy among `classes` by the prompts' embeddings."""
    guess = zero_shot_predictions(picture_embeddings(clip, pictures, workers), class_embeddings(clip, tokens, classes))
    return accuracy(guess, pictures.labels)


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


def transfer(
    run: ClipRun, temperature: Temperature, seed: int, folder: Path, device: torch.device, prompt: str, compute: bool
) -> dict[str, float] | None:
    """Accuracies `zero_shot` and `linear_probe` of a finished run on `folder`, which has `train/<class>/` and
    `test/<class>/`; kept beside the run. None where they are not kept and not to be computed.

    The probe is the core's logistic regression on the image tower's outputs.
    """
    path = run_folder(run) / f"seed-{seed}-{folder.name}.json"
    classes = sorted(p.name for p in (folder / "train").iterdir() if p.is_dir())
    train, test = (in_folders(folder / part, classes, run.pixels) for part in ("train", "test"))
    asked = {"prompt": prompt, "pictures": [len(train), len(test)]}
    if path.is_file():
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["of"] == asked:
                return {name: float(kept[name]) for name in ("zero_shot", "linear_probe")}
        except (ValueError, KeyError, TypeError):
            pass  # damaged: measured again
    if not compute:
        return None
    clip, tokens = trained_clip(run, temperature, seed, device)
    seen, new = (picture_embeddings(clip, pictures, run.workers) for pictures in (train, test))
    (probed,) = linear_probe_predictions(seen, train.labels, new)
    guess = zero_shot_predictions(new, class_embeddings(clip, tokens, classes, prompt))
    found = {"zero_shot": accuracy(guess, test.labels), "linear_probe": accuracy(probed, test.labels)}
    path.write_text(json.dumps({"of": asked} | found, indent=1), encoding="utf-8")
    return found
