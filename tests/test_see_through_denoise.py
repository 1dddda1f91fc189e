"""Sampling of parts: the recorded run of the reference, what a seed decides, and what shortcuts change."""

from __future__ import annotations

import pytest
from recorded import CLOSE, Recorded
from test_see_through_unet import tiny

pytestmark = pytest.mark.usefixtures("diffusion")

PASSES = {"body": 0, "head": 1}
KEPT = (1, 2, 4, 8)
"""After how many steps the latents were recorded."""


def played(recorded, name):
    """The draws of a recorded pass, in its order; and a `Draw` that fails if others are asked for."""
    queue = [recorded[f"inputs.{name}.initial_noise"][0], *recorded[f"inputs.{name}.step_noise"][:, 0]]

    def draw(*shape):
        found = queue.pop(0)
        assert tuple(found.shape) == shape
        return found

    return draw


def given(recorded, name):
    from animelayers.models.see_through.conditioning import Pass
    from animelayers.models.see_through.unet import Words

    words = Words(recorded[f"inputs.prompt_embeds_{name}"], recorded[f"inputs.pooled_{name}"])
    return words, Pass(tuple(recorded.about["passes"][name]["tags"]), PASSES[name])


def sampled(name="body", plan=None, draw=None, unet=None, empty=None, condition=None):
    from animelayers.models.see_through.denoise import Noise, Plan, denoised

    recorded = Recorded("layerdiff_loop_tiny")
    words, frames = given(recorded, name)
    unet = unet or tiny(Recorded("unet_parts_v3_tiny"))
    condition = recorded["outputs.body.condition_latent"][0] if condition is None else condition
    return denoised(unet, condition, words, frames, draw or Noise(3), plan or Plan(steps=8), empty=empty)


def test_a_pass_gives_what_the_reference_gave():
    recorded = Recorded("layerdiff_loop_tiny")
    found = sampled(draw=played(recorded, "body"))
    assert found.rows == (0, 1, 2, 3)
    wanted = recorded["outputs.body.latents_after_step"][-1, 0]
    assert (found.latents - wanted).abs().max() < CLOSE * wanted.abs().max()


def test_a_seed_decides_everything():
    import torch

    from animelayers.models.see_through.denoise import Noise

    first = sampled(draw=Noise(1))
    torch.manual_seed(5)
    assert torch.equal(sampled(draw=Noise(1)).latents, first.latents)
    assert not torch.equal(sampled(draw=Noise(2)).latents, first.latents)


def test_words_are_kept_and_let_go():
    import torch

    from animelayers.models.see_through.shortcuts import words_kept
    from animelayers.models.see_through.unet import Words

    unet = tiny(Recorded("unet_parts_v3_tiny"))
    recorded = Recorded("layerdiff_loop_tiny")
    words, _ = given(recorded, "body")
    seen = torch.randn(1, 4, 8, 8, 8, generator=torch.Generator().manual_seed(0))
    before, plain = unet.attn_processors, unet(seen, 500, words)
    other = Words(words.tokens.flip(0), words.pooled)
    with words_kept(unet):
        assert (unet(seen, 500, words) - plain).abs().max() < CLOSE
        assert (unet(seen, 500, other) - plain).abs().max() < CLOSE, "what the words say is not computed again"
    assert unet.attn_processors == before
    assert (unet(seen, 500, other) - plain).abs().max() > CLOSE


def test_deep_blocks_rest_at_every_other_call():
    import torch

    from animelayers.models.see_through.shortcuts import depths_reused

    unet = tiny(Recorded("unet_parts_v3_tiny"))
    words, _ = given(Recorded("layerdiff_loop_tiny"), "body")
    calls = []
    hook = unet.mid_block.resnets[0].register_forward_hook(lambda *_: calls.append(1))
    seen = torch.randn(3, 1, 4, 8, 8, 8, generator=torch.Generator().manual_seed(0))
    plain = [unet(each, 500, words) for each in seen]
    calls.clear()
    with depths_reused(unet, 2):
        quick = [unet(each, 500, words) for each in seen]
    assert len(calls) == 2
    assert torch.equal(quick[0], plain[0])
    assert torch.equal(quick[2], plain[2])
    assert not torch.equal(quick[1], plain[1])
    hook.remove()
    assert torch.equal(unet(seen[1], 500, words), plain[1])


def test_an_ode_draws_once():
    from animelayers.models.see_through.denoise import Noise, Plan

    asked = []
    noise = Noise(1)

    def draw(*shape):
        asked.append(shape)
        return noise(*shape)

    sampled(plan=Plan(steps=4, ode=True), draw=draw)
    assert asked == [(1, 4, 8, 8)]


def test_frames_that_stay_empty_are_dropped():
    import torch

    from animelayers.models.see_through.denoise import Noise, Plan, shown

    class Clear:
        """Knows the answer: frame 1 is empty, the others are full."""

        dtype = torch.float32
        attn_processors: dict = {}  # noqa: RUF012

        def set_attn_processor(self, _):
            pass

        def grouped(self, words, _group, _rows):
            return words

        def __call__(self, seen, moment, words):
            from animelayers.models.see_through.schedule import parts_scheduler

            alpha = parts_scheduler().alphas_cumprod[moment].sqrt()
            frames.append(len(words.tokens))
            return ((seen[:, :, :4] - alpha * truth[None, : seen.shape[1]]) / (1 - alpha.square()).sqrt())[:, :, :4]

    frames: list[int] = []
    truth = torch.ones(4, 4, 8, 8)
    truth[1] = 0
    assert shown(truth, torch.zeros(4, 8, 8)).tolist() == [True, False, True, True]
    truth[3] = 0  # so that what is left is told alike, whatever was dropped
    truth[2] = truth[0]
    found = sampled(plan=Plan(steps=10, drop=True), draw=Noise(0), unet=Clear(), empty=torch.zeros(4, 8, 8))
    assert found.rows == (0, 2)
    assert frames == [4, 4] + [2] * 8
    assert found.latents.shape == (2, 4, 8, 8)
