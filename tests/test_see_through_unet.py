"""Part-axis attention and the UNets that have it, against numbers recorded from the reference implementation."""

from __future__ import annotations

import pytest
from recorded import CLOSE, Recorded

pytestmark = pytest.mark.usefixtures("diffusion")

UNETS = ("unet_parts_v3_tiny", "unet_parts_v2_tiny", "unet_depth_tiny")


def tiny(recorded):
    from animelayers.models.see_through.unet import CLASS_NAME, PartsUNet

    unet = PartsUNet.from_config({"_class_name": CLASS_NAME, **recorded.about["config"]})
    unet.load_state_dict(recorded.under("weights."), strict=True)
    return unet.eval().requires_grad_(False)


def given(recorded, case, page=0):
    """Sample, timestep, words and told size of one page of a recorded case."""
    from animelayers.models.see_through.unet import Words

    found = recorded.under(f"inputs.{recorded.about['cases'][case].get('inputs_of_case', case)}.")
    frames = found["sample"].shape[1]
    rows = slice(page * frames, (page + 1) * frames)
    pooled = found["text_embeds"][rows] if "text_embeds" in found else None
    size = tuple(found["time_ids"][0, :2].tolist()) if "time_ids" in found else None
    time = found["timestep"].expand(len(found["sample"]))[page]
    return found["sample"][page : page + 1], time, Words(found["encoder_hidden_states"][rows], pooled), size


def said(unet, recorded, case, page=0):
    sample, time, words, size = given(recorded, case, page)
    group = recorded.about["cases"][case]["group_index"]
    return unet(sample, time, words if group is None else unet.grouped(words, group), size=size)


@pytest.mark.parametrize("name", UNETS)
def test_a_unet_says_what_the_reference_says(name):
    recorded = Recorded(name)
    for case in (case for case in recorded.about["cases"] if case not in ("eps_probe", "part_axis_off")):
        unet, wanted = tiny(recorded), recorded[f"outputs.{case}.sample"]
        for page in range(len(wanted)):
            assert (said(unet, recorded, case, page) - wanted[page : page + 1]).abs().max() < CLOSE


@pytest.mark.parametrize("name", UNETS)
def test_its_norms_have_the_epsilon_of_the_reference(name):
    recorded = Recorded(name)
    unet = tiny(recorded)
    for weight in unet.conv_in.parameters():
        weight.mul_(recorded.about["cases"]["eps_probe"]["scale_conv_in_by"])
    assert (said(unet, recorded, "eps_probe") - recorded["outputs.eps_probe.sample"]).abs().max() < 2 * CLOSE


@pytest.mark.parametrize("name", UNETS)
def test_without_its_branches_it_is_the_stock_unet(name):
    import torch
    from diffusers import UNet2DConditionModel

    from animelayers.models.see_through.unet import translated, with_part_axis

    recorded = Recorded(name)
    whole = tiny(recorded)
    for key, weight in whole.named_parameters():
        if "temporal_transformer_blocks" in key and ".ff.net.2." in key:
            weight.zero_()
    wanted = recorded["outputs.part_axis_off.sample"]
    assert (said(whole, recorded, "part_axis_off") - wanted).abs().max() < CLOSE

    fields, groups = translated({"_class_name": "UNetFrameConditionModel", **recorded.about["config"]})
    stock = UNet2DConditionModel(**fields)
    one = with_part_axis(stock.eval(), groups)
    sample, time, words, _ = given(recorded, "part_axis_off")
    frames = sample.shape[1]
    added = {}
    if words.pooled is not None:
        ids = torch.tensor([64.0, 96.0, 0.0, 0.0, 64.0, 96.0]).expand(frames, -1)
        added = {"text_embeds": words.pooled, "time_ids": ids}
    alone = stock(sample[0], time, words.tokens, added_cond_kwargs=added, return_dict=False)[0]
    assert torch.allclose(one.eval()(sample, time, one.grouped(words, 0))[0], alone, atol=1e-6)


def test_pages_of_a_batch_do_not_see_each_other():
    import torch

    recorded = Recorded("unet_parts_v3_tiny")
    unet = tiny(recorded)
    sample, _, words, _ = given(recorded, "group0")
    both, times = torch.cat([sample, sample.flip(1)]), torch.tensor([961, 33])
    together = unet(both, times, words)
    for page in range(2):
        assert (together[page] - unet(both[page : page + 1], times[page], words)[0]).abs().max() < CLOSE


def test_frames_may_come_in_any_order_and_number():
    recorded = Recorded("unet_parts_v3_tiny")
    unet = tiny(recorded)
    sample, time, words, size = given(recorded, "group0")
    rows = [2, 0, 3]
    whole = unet.grouped(words, 0)
    some = unet.grouped(words.rows(rows), 0, rows)
    assert (some.tokens - whole.tokens[rows]).abs().max() < 1e-6
    assert (some.pooled - whole.pooled[rows]).abs().max() < 1e-6
    order = [3, 1, 0, 2]
    turned = unet(sample[:, order], time, whole.rows(order), size=size)
    assert (turned - unet(sample, time, whole, size=size)[:, order]).abs().max() < CLOSE


def test_a_block_says_what_the_reference_says():
    from animelayers.models.see_through.part_axis import PartAxisBlock

    recorded = Recorded("part_axis_block")
    config = recorded.about["config"]
    block = PartAxisBlock(config["dim"], config["num_attention_heads"])
    assert not block.ff.net[2].weight.any(), "a new one changes nothing"
    block.load_state_dict(recorded.under("weights."), strict=True)
    hidden = recorded["inputs.hidden_states"]
    for frames, name in ((5, "hidden_states"), (10, "hidden_states_one_page_of_10")):
        assert (block(hidden, frames) - recorded[f"outputs.{name}"]).abs().max() < CLOSE
    assert (block(recorded["inputs.small"], 5) - recorded["outputs.small"]).abs().max() < CLOSE


@pytest.mark.parametrize("layers", [1, 2, 3, 5])
def test_blocks_stand_where_the_reference_has_them(layers):
    from diffusers.models.transformers.transformer_2d import Transformer2DModel

    from animelayers.models.see_through.part_axis import FRAMES, PartsTransformer

    recorded, case = Recorded("transformer3d_stack"), f"layers{layers}"
    about = recorded.about["cases"][case]
    stack = PartsTransformer(Transformer2DModel(**about["config"]))
    assert len(stack.temporal_transformer_blocks) == about["part_axis_blocks"]
    stack.load_state_dict(recorded.under(f"weights.{case}."), strict=True)
    words = recorded[f"inputs.{case}.encoder_hidden_states"]
    for name in ("hidden_states", "small"):
        if f"inputs.{case}.{name}" in recorded:
            out = stack(recorded[f"inputs.{case}.{name}"], words, {FRAMES: about["num_frames"]})[0]
            assert (out - recorded[f"outputs.{case}.{name}"]).abs().max() < 2 * CLOSE


def test_checkpointed_blocks_give_the_same_gradients():
    import torch

    recorded = Recorded("unet_parts_v3_tiny")
    sample, time, words, size = given(recorded, "group0")
    gradients = []
    for checkpointed in (False, True):
        unet = tiny(recorded).requires_grad_(True).train()
        if checkpointed:
            unet.enable_gradient_checkpointing()
        unet(sample, time, unet.grouped(words, 0), size=size).square().mean().backward()
        gradients.append(unet.group_embeds2[0].params.grad)
    assert gradients[0].abs().max() > 0
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-7)


def test_the_configuration_comes_back_in_published_words():
    from animelayers.errors import ModelError
    from animelayers.models.see_through.unet import CLASS_NAME, PartsUNet, published

    recorded = Recorded("unet_parts_v3_tiny")
    wanted = {"_class_name": CLASS_NAME, **recorded.about["config"]}
    found = published(PartsUNet.from_config(wanted).config)
    assert {name: found[name] for name in wanted} == wanted
    with pytest.raises(ModelError, match="UNet2DConditionModel, wanted UNetFrameConditionModel"):
        PartsUNet.from_config({**wanted, "_class_name": "UNet2DConditionModel"})
