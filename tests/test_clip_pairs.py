"""What a CLIP run reads: pairs, shards, crops, tokens, and everything unusable counted."""

import gzip
import io
import json
import os
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from mmcl_core.clip.batches import Plan, Views, epoch_batches, scanned, share_of, training_batches
from mmcl_core.clip.images import MEAN, STD, Broken, centre_view, decode, random_crop_box, stream
from mmcl_core.clip.pairs import CocoPairs, coco_pairs
from mmcl_core.clip.shards import read_pairs
from mmcl_core.clip.tokens import Tokens
from mmcl_core.errors import DataAbsent, InputError
from tests.clip_folder import coco_folder, read, write


@pytest.fixture
def folder(tmp_path):
    return coco_folder(tmp_path / "coco")


def test_pairs_are_those_of_the_json(folder):
    pairs, content = coco_pairs(folder, "train"), read(folder, "captions_train")
    assert len(pairs) == 48 and not pairs.problems
    for i in (0, 7, 47):
        assert pairs.name(i) == content["images"][i]["file_name"]
        assert list(pairs.captions(i)) == [content["annotations"][i]["caption"]]
        assert pairs.classes[pairs.label(i)] == f"class {i % 4}"  # of the larger object
        assert pairs.picture(i) == (folder / "train" / pairs.name(i)).read_bytes()


def test_everything_unusable_is_counted_by_kind_and_left_out(folder):
    content = read(folder, "captions_train")
    content["annotations"][3]["caption"] = "  "
    content["annotations"].append({"id": 99, "image_id": 999, "caption": "a picture that is not listed"})
    write(folder, "captions_train", **content)
    (folder / "train" / "0005.png").unlink()
    (folder / "train" / "0006.png").write_bytes((folder / "train" / "0006.png").read_bytes()[:60])
    (folder / "train" / "0007.png").write_bytes(b"")
    pairs = scanned(coco_pairs(folder, "train"), 0)
    assert len(pairs) == 44 and {pairs.name(i) for i in range(44)}.isdisjoint(f"000{k}.png" for k in (3, 5, 6, 7))
    assert {kind: len(names) for kind, names in pairs.problems.found.items()} == {
        "empty captions": 1, "captions without an image": 1, "images without a caption": 1, 
        "images that are missing": 1,
        "pictures that cannot be decoded": 2,
    }  # fmt: skip
    with pytest.raises(InputError, match="0006.png.*on_broken=skip"):
        pairs.problems.settle("refuse")
    pairs.problems.settle("skip")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("not json", "not in COCO's format"),
        ('{"images": []}', "annotations"),
        ('{"images": 3, "annotations": []}', "COCO"),
    ],
)
def test_a_json_of_another_kind_is_one_sentence(folder, content, words):
    (folder / "annotations" / "captions_train.json").write_text(content)
    with pytest.raises(InputError, match=words) as caught:
        coco_pairs(folder, "train")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "part", "field", "value", "words"),
    [
        ("captions_train", "annotations", "caption", None, "record 2 of annotations has caption=None, where a text"),
        ("captions_train", "annotations", "image_id", [1], "record 2 of annotations has image_id"),
        ("captions_train", "images", "file_name", 7, "record 2 of images has file_name=7"),
        ("captions_train", "images", "id", None, "where a number is needed"),
        ("instances_train", "annotations", "area", "large", "record 2 of annotations has area"),
        ("instances_train", "annotations", "category_id", 99, "category 99, which its categories lack"),
        ("instances_train", "categories", "name", None, "record 2 of categories has name"),
    ],
)
def test_a_record_without_what_it_needs_is_one_sentence(folder, name, part, field, value, words):
    content = read(folder, name)
    content[part][2][field] = value
    write(folder, name, **content)
    with pytest.raises(InputError, match=words) as caught:
        coco_pairs(folder, "train")
    assert "\n" not in str(caught.value)


def test_an_image_that_is_listed_twice_is_one_pair(folder):
    content = read(folder, "captions_train")
    content["images"].append(content["images"][5])
    write(folder, "captions_train", **content)
    pairs = coco_pairs(folder, "train")
    assert len(pairs) == 48 and pairs.problems.found == {"images that are listed twice": ["0005.png"]}


@pytest.mark.parametrize("workers", [0, 1])
def test_a_picture_that_breaks_while_training_is_one_sentence(folder, workers):
    """Also from a process that decodes, whose trace torch puts into the message."""
    pairs, tokens = coco_pairs(folder, "train"), Tokens("", 16)
    (folder / "train" / "0009.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="^The picture 0009.png cannot be decoded") as caught:
        list(training_batches(Views(pairs, tokens, 32, 0), Plan(48, 16, 0, 1, True, 0, 1), workers, False))
    assert "\n" not in str(caught.value)


def test_a_process_that_dies_is_one_sentence(folder):
    tokens = Tokens("", 16)
    pairs = Dying(**vars(coco_pairs(folder, "train")))
    with pytest.raises(InputError, match="process that decodes pictures has died"):
        list(training_batches(Views(pairs, tokens, 32, 0), Plan(48, 16, 0, 1, True, 0, 1), 1, False))


class Dying(CocoPairs):
    """Pairs whose reader is ended by the system, as for want of memory."""

    def picture(self, i):
        os._exit(9)


def test_a_folder_says_what_is_missing(tmp_path, folder):
    for data, words in (("", "no package carries"), (tmp_path / "no", "is not there"), (tmp_path, "holds no captions")):
        with pytest.raises(DataAbsent, match=words):
            read_pairs(str(data), "auto", "train")
    with pytest.raises(DataAbsent, match="needed are the folder other"):
        read_pairs(str(folder), "auto", "other")
    (folder / "train-0.tar").write_bytes(b"")
    with pytest.raises(InputError, match="choose with format"):
        read_pairs(str(folder), "auto", "train")


def shard(path, entries):
    with tarfile.open(path, "w") as archive:
        for name, data in entries:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def test_shards_give_the_bytes_that_were_put_in(tmp_path, folder):
    data = [(folder / "train" / f"000{k}.png").read_bytes() for k in range(4)]
    shard(tmp_path / "train-0.tar", [("a.png", data[0]), ("a.txt", b"first"), ("b.png", data[1]), ("c.txt", b"alone")])
    beside = json.dumps({"caption": "third"}).encode()
    shard(tmp_path / "train-1.tar", [("d.png", data[2]), ("d.json", beside), ("e.png", data[3]), ("e.txt", b" ")])
    pairs = read_pairs(str(tmp_path), "webdataset", "train")
    assert [(pairs.picture(i), pairs.captions(i)[0]) for i in range(2)] == [(data[0], "first"), (data[2], "third")]
    assert {k: len(v) for k, v in pairs.problems.found.items()} == {
        "images without a caption": 2, "captions without an image": 1
    }  # fmt: skip
    whole = (tmp_path / "train-1.tar").read_bytes()
    for wrong in (whole[:700], gzip.compress(whole)):  # in a compressed one nothing can be read by its place
        (tmp_path / "train-1.tar").write_bytes(wrong)
        with pytest.raises(InputError, match=r"train-1\.tar is damaged, or compressed"):
            read_pairs(str(tmp_path), "webdataset", "train")


def test_a_json_beside_a_picture_that_has_no_fields_is_no_caption(tmp_path, folder):
    data = (folder / "train" / "0000.png").read_bytes()
    shard(tmp_path / "train-0.tar", [("a.png", data), ("a.json", b"[1, 2]"), ("b.png", data), ("b.txt", b"a sign")])
    pairs = read_pairs(str(tmp_path), "webdataset", "train")
    assert len(pairs) == 1 and pairs.problems.found == {"images without a caption": ["train-0.tar:a"]}


def test_the_joint_batches_are_one_permutation_whatever_the_ranks():
    batches = epoch_batches(50, 16, 3, 0, drop_last=False)
    assert sorted(np.concatenate(batches)) == list(range(50)) and [len(b) for b in batches] == [16, 16, 16, 2]
    assert [len(b) for b in epoch_batches(50, 16, 3, 0, drop_last=True)] == [16, 16, 16]
    assert not np.array_equal(batches[0], epoch_batches(50, 16, 3, 1, False)[0])  # every epoch anew
    assert not np.array_equal(batches[0], epoch_batches(50, 16, 4, 0, False)[0])  # and every seed
    for joint in batches:
        assert np.array_equal(np.concatenate([share_of(joint, r, 3) for r in range(3)]), joint)


def test_a_plan_goes_on_at_any_step():
    whole = list(Plan(50, 16, 0, 3, True, 0, 2))
    for first in (0, 2, 3, 7):
        plan = Plan(50, 16, 0, 3, True, 0, 2)
        plan.first = first
        assert list(plan) == whole[first:]


def test_workers_change_nothing(folder):
    pairs, tokens = coco_pairs(folder, "train"), Tokens("", 16)
    by = [
        list(training_batches(Views(pairs, tokens, 32, 0), Plan(len(pairs), 16, 0, 2, True, 0, 1), workers, False))
        for workers in (0, 2)
    ]
    assert len(by[0]) == 6
    for (a, b, c), (d, e, f) in zip(*by, strict=True):
        assert torch.equal(a, d) and torch.equal(b, e) and torch.equal(c, f)


def test_streams_of_rows_epochs_and_seeds_differ():
    drawn = {tuple(stream(s, e, r).integers(2**62, size=2)) for s in range(4) for e in range(5) for r in range(200)}
    assert len(drawn) == 4000


def test_crops_have_the_areas_and_aspects_they_should():
    rng = np.random.default_rng(0)
    boxes = np.array([random_crop_box(400, 400, rng, (0.2, 0.6)) for _ in range(4000)])
    w, h = (boxes[:, 2:] - boxes[:, :2]).T
    share, aspect = w * h / 400**2, np.log(w / h)
    assert boxes.min() >= 0 and boxes.max() <= 400
    assert abs(share.mean() - 0.4) < 5 * 0.4 / np.sqrt(12 * 4000) + 0.004  # uniform in (.2, .6)
    assert abs(share.std() - 0.4 / np.sqrt(12)) < 0.004
    assert abs(aspect.mean()) < 0.02 and abs(aspect.std() - np.log(16 / 9) / np.sqrt(12)) < 0.01
    left = boxes[:, 0] / np.maximum(1, 400 - w)
    assert abs(left.mean() - 0.5) < 0.02  # the place is uniform too
    assert random_crop_box(1000, 10, rng) == (493, 0, 506, 10)  # no box of such an aspect fits: the middle


def test_pictures_are_normalised_as_clips_are(folder):
    image = Image.new("RGB", (40, 64), (255, 0, 128))
    view = centre_view(image, 32)
    assert torch.allclose(
        view * STD + MEAN, torch.tensor([1.0, 0, 128 / 255]).view(3, 1, 1).expand(3, 32, 32), atol=1e-6
    )
    glass = io.BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(glass, "PNG")
    assert decode(glass.getvalue()).getpixel((0, 0)) == (255, 255, 255)
    with pytest.raises(Broken):
        decode(b"GIF89a")


def test_tokens_begin_and_end_and_are_cut_with_their_end():
    tokens = Tokens("", 8)
    short, long = tokens(["a dog", "one two three four five six seven eight nine ten"])
    words = tokens.tokenizer.encode("a dog", add_special_tokens=False).ids
    assert short.tolist() == [tokens.start, *words, tokens.end, *[tokens.padding] * (6 - len(words))]
    assert long[0] == tokens.start and long[-1] == tokens.end and tokens.end == long.max()
    assert tokens.vocabulary > tokens.end
    with pytest.raises(InputError, match="tokenizer"):
        Tokens("/no/such/file.json", 8)
