"""A generated folder in COCO's caption format for the tests of the CLIP room: icons with their names and classes."""

import json

import numpy as np
from PIL import Image

from mmcl_core.data.icons import icons


def coco_folder(root, train=48, val=16, classes=4, size=32):
    """`root` with the splits train and val; a picture's class is its row modulo `classes`."""
    drawn = icons("mdi6", 16)
    rows = np.random.default_rng(0).permutation(len(drawn.images))
    (root / "annotations").mkdir(parents=True)
    for name, part in (("train", rows[:train]), ("val", rows[train : train + val])):
        (root / name).mkdir()
        images, notes, objects = [], [], []
        for k, i in enumerate(part):
            Image.fromarray(drawn.images[i]).resize((size, size)).save(root / name / f"{k:04}.png")
            images.append({"id": k, "file_name": f"{k:04}.png"})
            notes.append({"id": k, "image_id": k, "caption": " ".join(drawn.names[i])})
            objects.append({"image_id": k, "category_id": k % classes, "area": 4.0})
            objects.append({"image_id": k, "category_id": (k + 1) % classes, "area": 3.0})
        write(root, f"captions_{name}", images=images, annotations=notes)
        kinds = [{"id": c, "name": f"class {c}"} for c in range(classes)]
        write(root, f"instances_{name}", annotations=objects, categories=kinds)
    return root


def write(root, name, **content):
    (root / "annotations" / f"{name}.json").write_text(json.dumps(content))


def read(root, name):
    return json.loads((root / "annotations" / f"{name}.json").read_text())
