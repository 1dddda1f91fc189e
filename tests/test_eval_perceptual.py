"""Perceptual measures: what is compared, which weights are read, what torchmetrics is asked; VGG16 in closed form.

Nothing here needs PyTorch but the last tests, which CI leaves out: it is no part of the base ring.
"""

import hashlib
import json
import math
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from samples import OURS, SIZE, sample

from animelayers.data.sample import Sample
from animelayers.errors import MissingPackageError, ModelError
from animelayers.evaluation import perceptual
from animelayers.evaluation.perceptual import BLOCKS, DEVIATION, LONGEST, MEAN, SMALLEST, compared, open_perceptual
from animelayers.evaluation.prediction import Prediction
from animelayers.stack import Layer, LayerStack


def sheet(box, colour, alpha=255, *, name="face", size=(200, 200)):
    """A stack of one filled rectangle."""
    top, left, bottom, right = box
    rgba = np.full((bottom - top, right - left, 4), (*colour, alpha), np.uint8)
    return LayerStack(*size, (Layer(name, rgba, top, left),))


def of(parts):
    """A sample of which nothing but the parts matters."""
    return Sample("one", np.zeros((*parts.size, 4), np.uint8), OURS, parts)


def of_parts(truth, predicted):
    one = of(truth)
    return list(compared("parts", one, Prediction(predicted), one.picture))


def test_parts_are_cut_to_the_box_around_both_on_white():
    [(ours, theirs)] = of_parts(sheet((20, 30, 110, 110), (255, 0, 0)), sheet((40, 30, 120, 130), (0, 0, 0), 51))
    assert ours.shape == theirs.shape == (100, 100, 3)
    assert (ours[:90, :80] == (255, 0, 0)).all()
    assert (ours[90:] == 255).all()
    assert (ours[:, 80:] == 255).all()
    assert (theirs[20:] == 204).all()
    assert (theirs[:20] == 255).all()


def test_small_parts_get_a_white_border_and_are_not_stretched():
    [(ours, theirs)] = of_parts(sheet((0, 190, 10, 200), (0, 0, 255)), sheet((0, 0, 90, 200), (9, 9, 9), name="neck"))
    assert ours.shape == (SMALLEST, SMALLEST, 3)
    assert (ours[27:37, 27:37] == (0, 0, 255)).all()
    assert np.count_nonzero((ours != 255).any(axis=2)) == 100
    assert (theirs == 255).all()  # the tag is not in the prediction


def test_sides_and_strata_of_a_tag_are_one_picture():
    one = sample()
    pairs = list(compared("parts", one, Prediction(one.parts), one.picture))
    assert len(pairs) == len({layer.name.split("-")[0] for layer in one.parts})
    assert all(np.array_equal(*pair) for pair in pairs)


def test_of_rendering_layers_the_raw_stack_is_compared_with_what_was_seen():
    one = sample()
    grey = sheet((0, 0, *SIZE), (100, 100, 100), name="flat", size=SIZE)
    seen = np.zeros((*SIZE, 4), np.uint8)
    [(ours, theirs)] = compared("rendering", one, Prediction(one.rendering, raw=grey), seen)
    assert ours.shape == theirs.shape == (SMALLEST, SMALLEST, 3)
    assert (ours == 255).all()
    assert np.count_nonzero(theirs[..., 0] == 100) == SIZE[0] * SIZE[1]
    [(ours, theirs)] = compared("rendering", one, Prediction(one.rendering), one.picture)
    assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_long_pictures_are_reduced():
    seen = np.full((200, 2 * LONGEST, 4), 255, np.uint8)
    seen[:, ::2, :3] = 0
    stack = LayerStack(*seen.shape[:2], (Layer("flat", seen),))
    [(ours, theirs)] = compared("rendering", sample(), Prediction(stack), seen)
    assert ours.shape == (100, LONGEST, 3)
    assert np.isin(ours, (127, 128)).all()
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(("kind", "more"), [("lpips", " torchvision"), ("fid", " torch-fidelity"), ("vgg", "")])
def test_without_pytorch_there_is_the_line_to_type(kind, more, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackageError, match=f"^{kind} cannot be measured: .*torch") as caught:
        open_perceptual(kind, tmp_path / "vgg.safetensors")
    assert caught.value.hint == f'pip install "animelayers[perceptual]"{more}'


def test_unknown_measures():
    with pytest.raises(ModelError) as caught:
        open_perceptual("ssim")
    assert caught.value.hint == "there are lpips, vgg, fid"


class Hub:
    """`torch.hub`, as far as folders go."""

    def __init__(self, folder):
        self.folder = str(folder)

    def get_dir(self):
        return self.folder

    def set_dir(self, folder):
        self.folder = folder


class Lpips:
    """What torchmetrics' LPIPS is asked; the answer is the mean difference."""

    hub, made, asked, resets, broken = None, (), (), 0, False

    def __init__(self, **options):
        Lpips.made = (options, Lpips.hub.folder)
        if Lpips.broken:
            raise RuntimeError("operator torchvision::nms does not exist")

    def __call__(self, a, b):
        assert a.shape == b.shape
        assert a.shape[:2] == (1, 3)
        assert 0 <= min(a.min(), b.min()) <= max(a.max(), b.max()) <= 1
        Lpips.asked += (a.shape[2:],)
        return np.abs(a - b).mean()

    def reset(self):
        Lpips.resets += 1


class Fid:
    made, real, fake = None, 0, 0

    def __init__(self, **options):
        Fid.made = options

    def update(self, pictures, *, real):
        assert pictures.dtype == np.uint8
        assert pictures.shape[:2] == (1, 3)
        if real:
            self.real += int(pictures.sum())
        else:
            self.fake += int(pictures.sum())

    def compute(self):
        return np.float32(self.real - self.fake)


@pytest.fixture
def metrics(monkeypatch, tmp_path):
    """Stand-ins for PyTorch and torchmetrics; the published files, whose SHA-256 the table gets, in PyTorch's cache."""
    modules = {name: ModuleType(name) for name in ("torch", "torch.hub", "torchmetrics", "torchmetrics.image")}
    lpip, fid = ModuleType("torchmetrics.image.lpip"), ModuleType("torchmetrics.image.fid")
    lpip.LearnedPerceptualImagePatchSimilarity, fid.FrechetInceptionDistance = Lpips, Fid
    hub = Hub(tmp_path / "hub")
    modules["torch"].hub, modules["torch"].from_numpy = hub, lambda array: array
    modules["torchmetrics"].__version__ = "1.9.0"
    for module in (*modules.values(), lpip, fid):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    for which in ("VGG16", "INCEPTION"):
        file = getattr(perceptual, which)
        (folder / file.name).write_bytes(which.encode())
        monkeypatch.setattr(perceptual, which, replace(file, sha256=hashlib.sha256(which.encode()).hexdigest()))
    for name, value in {"hub": hub, "made": (), "asked": (), "resets": 0, "broken": False}.items():
        monkeypatch.setattr(Lpips, name, value)
    return folder


def pair_of_pictures():
    """A truth with a red face and a black neck, and a prediction without the neck."""
    face = sheet((0, 0, 80, 80), (255, 0, 0))
    neck = sheet((100, 100, 180, 180), (0, 0, 0), name="neck")
    return of(LayerStack(200, 200, (*face, *neck))), Prediction(face)


def test_lpips_is_asked_pair_by_pair(metrics):
    measure = open_perceptual("lpips")
    assert Lpips.made == ({"net_type": "vgg", "normalize": True}, str(metrics.parent))
    truth, predicted = pair_of_pictures()
    assert measure.measure("parts", truth, predicted, truth.picture) == {"perceptual.lpips": 0.5}  # 0 and 1
    assert Lpips.asked == ((80, 80), (80, 80))
    assert Lpips.resets == 2
    assert measure.finish() == {}
    assert measure.about["sha256"] == hashlib.sha256(b"VGG16").hexdigest()
    assert json.loads(json.dumps(measure.about)) == measure.about
    empty = Prediction(LayerStack(200, 200, ()))
    nothing = truth.replace(parts=LayerStack(200, 200, ()))
    assert measure.measure("parts", nothing, empty, truth.picture) == {}


def test_fid_grows_with_every_pair_and_is_told_at_the_end(metrics):
    measure = open_perceptual("fid")
    path = metrics / "weights-inception-2015-12-05-6726825d.pth"
    assert Fid.made == {"feature": 2048, "feature_extractor_weights_path": str(path)}
    assert measure.finish() == {}
    truth, predicted = pair_of_pictures()
    assert measure.measure("parts", truth, predicted, truth.picture) == {}
    assert measure.finish() == {
        "perceptual.fid": -80 * 80 * 3 * 255
    }  # truth less prediction: the neck, white for black
    again = open_perceptual("fid")
    again.measure("rendering", truth, predicted, truth.picture)
    assert again.finish() == {}  # one picture has no covariance


def test_published_files_are_looked_for_where_the_user_says(metrics, tmp_path):
    elsewhere = tmp_path / "mine" / "checkpoints" / "vgg16-397923af.pth"
    elsewhere.parent.mkdir(parents=True)
    elsewhere.write_bytes(b"VGG16")
    open_perceptual("lpips", elsewhere)
    assert Lpips.made[1] == str(tmp_path / "mine")
    assert Lpips.hub.folder == str(metrics.parent)  # as it was
    Lpips.broken = True
    with pytest.raises(MissingPackageError, match="nms does not exist"):
        open_perceptual("lpips", elsewhere)
    assert Lpips.hub.folder == str(metrics.parent)


@pytest.mark.parametrize("kind", ["lpips", "fid"])
def test_nothing_but_the_published_file_is_read(kind, metrics, tmp_path):
    file = perceptual.VGG16 if kind == "lpips" else perceptual.INCEPTION
    renamed = tmp_path / "vgg.pth"
    renamed.write_bytes(b"VGG16")
    with pytest.raises(ModelError, match=f"not called checkpoints/{file.name}"):
        open_perceptual(kind, renamed)
    path = metrics / file.name
    path.write_bytes(b"pickle bomb")
    with pytest.raises(ModelError, match=f"not the published file: its SHA-256 is not {file.sha256}") as caught:
        open_perceptual(kind)
    assert caught.value.hint == f"download {file.url} to {path}"
    path.unlink()
    with pytest.raises(ModelError, match="is not there, and nothing is downloaded") as caught:
        open_perceptual(kind)
    assert caught.value.hint == f"download {file.url} to {path}"
    assert Lpips.made == ()


@pytest.fixture
def torch():
    pytest.importorskip("safetensors")
    return pytest.importorskip("torch")


def save(torch, path, *, wide=2, seed=None):
    """A VGG16 with few channels: random ones, or with kernels that pass the first `wide` channels on as they are."""
    from safetensors.torch import save_file

    random = None if seed is None else torch.Generator().manual_seed(seed)
    tensors, before = {}, 3
    for number in (n for block in BLOCKS for n in block):
        weight = torch.zeros(wide, before, 3, 3)
        if random is None:
            weight[range(wide), range(wide), 1, 1] = 1
        else:
            weight.normal_(0, 0.4, generator=random)
        tensors |= {f"features.{number}.weight": weight, f"features.{number}.bias": torch.zeros(wide)}
        before = wide
    save_file(tensors, path)
    return tensors


def picture(colour, size=(64, 64)):
    return np.full((*size, 3), colour, np.uint8)


def test_vgg_in_closed_form(torch, tmp_path):
    path = tmp_path / "vgg.safetensors"
    save(torch, path)
    measure = open_perceptual("vgg", path)

    def seen(level, channel):
        return (level / 255 - MEAN[channel]) / DEVIATION[channel]

    a, b = (np.array([seen(red, 0), seen(green, 1)]) for red, green in ((255, 140), (150, 255)))
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)  # the same behind every block: one channel by one
    assert measure.distance(picture((255, 140, 9)), picture((150, 255, 99))) == pytest.approx(2 - 2 * cosine, abs=1e-5)
    assert measure.distance(picture((255, 0, 0)), picture((0, 255, 0))) == pytest.approx(2)  # at right angles
    assert measure.distance(picture((255, 0, 0)), picture((0, 0, 0))) == pytest.approx(1)  # nothing fires on black
    assert measure.distance(picture((7, 8, 9)), picture((7, 8, 9))) == 0


def test_vgg_keeps_places_apart_and_weighs_all_blocks_alike(torch, tmp_path):
    path = tmp_path / "vgg.safetensors"
    save(torch, path)
    red, half = picture((255, 0, 0)), picture((255, 0, 0))
    half[:, 32:] = (0, 255, 0)
    assert open_perceptual("vgg", path).distance(red, half) == pytest.approx(1)  # 2 in one half, in all five blocks
    checker = picture((255, 0, 0))
    checker[::2, ::2] = (0, 255, 0)
    # A quarter of the pixels at first; behind every pooling both channels fire everywhere.
    assert open_perceptual("vgg", path).distance(red, checker) == pytest.approx(
        (2 / 4 + 4 * (2 - 2 / math.hypot(1, _seen_ratio()))) / 5, abs=1e-5
    )


def _seen_ratio():
    """Green at its most over red at its most, as the net sees them."""
    return ((1 - MEAN[1]) / DEVIATION[1]) / ((1 - MEAN[0]) / DEVIATION[0])


def test_vgg_of_random_weights(torch, tmp_path):
    path = tmp_path / "vgg.safetensors"
    tensors = save(torch, path, wide=6, seed=1)
    rng = np.random.default_rng(0)
    a, b = (rng.integers(0, 256, (70, 83, 3), dtype=np.uint8) for _ in "ab")
    measure = open_perceptual("vgg", path)
    assert (
        measure.distance(a, b) == measure.distance(b, a) == pytest.approx(_by_modules(torch, tensors, a, b), abs=1e-6)
    )
    assert measure.about["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    one = sample()
    given = Prediction(one.parts.replace(layers=one.parts.layers[:-4]))
    scores = measure.measure("parts", one, given, one.picture)
    assert scores["perceptual.vgg"] > 0
    assert scores == open_perceptual("vgg", path).measure("parts", one, given, one.picture)


def _by_modules(torch, tensors, a, b):
    """The same by PyTorch's own modules, in float64."""
    outs = []
    for rgb in (a, b):
        x = torch.tensor((rgb / 255 - MEAN) / DEVIATION).permute(2, 0, 1)[None]
        out = []
        for place, block in enumerate(BLOCKS):
            x = torch.nn.MaxPool2d(2)(x) if place else x
            for number in block:
                weight = tensors[f"features.{number}.weight"].double()
                conv = torch.nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1, bias=False).double()
                conv.weight = torch.nn.Parameter(weight, requires_grad=False)
                x = torch.relu(conv(x))
            out.append(x / (x.square().sum(1, keepdim=True) + 1e-20).sqrt())
        outs.append(out)
    return float(sum((p - q).square().sum(1).mean() for p, q in zip(*outs, strict=True)) / 5)


def test_vgg_takes_no_other_weights(torch, tmp_path):
    from safetensors.torch import load_file, save_file

    with pytest.raises(ModelError, match="needs the weights") as caught:
        open_perceptual("vgg")
    assert "model.safetensors of https://huggingface.co/timm/vgg16.tv_in1k" in caught.value.hint
    path = tmp_path / "vgg.safetensors"
    with pytest.raises(ModelError, match=r"vgg\.safetensors"):
        open_perceptual("vgg", path)
    save(torch, path)
    tensors = load_file(path)
    del tensors["features.17.weight"]  # VGG19 has none
    save_file(tensors, path)
    with pytest.raises(ModelError, match=r"features\.17\.weight"):
        open_perceptual("vgg", path)
    save_file(tensors | {"features.17.weight": torch.zeros(2, 2, 1, 1)}, path)
    with pytest.raises(ModelError, match=r"\[2, 2, 1, 1\] is no convolution"):
        open_perceptual("vgg", path)
    path.write_bytes(b"\x80\x04 a pickle")
    with pytest.raises(ModelError, match=r"vgg\.safetensors"):
        open_perceptual("vgg", path)
