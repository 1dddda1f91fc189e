"""Frames, embedding and sampling on tiny random weights. Skipped without the diffusion packages."""

import numpy as np
import pytest
import toy_qwen

pytestmark = pytest.mark.usefixtures("diffusion")


@pytest.fixture(scope="module")
def model(diffusion):
    return toy_qwen.transformer()


@pytest.fixture(scope="module")
def vae(diffusion):
    return toy_qwen.vae()


def said(model, frames, *, batch=2, seed=0):
    import torch

    from animelayers.models.qwen_layered.frames import placed, velocity

    drawn = torch.Generator().manual_seed(seed)
    noisy = torch.randn(batch, frames.predicted, 8, 8, 4, generator=drawn)
    clean = torch.randn(batch, 8, 8, 4, generator=drawn)
    with torch.no_grad(), placed(model, frames):
        return velocity(model, noisy, clean, torch.full((batch,), 0.3), toy_qwen.prompt(), frames)


def picture(height, width, seed=0):
    rgba = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    rgba[: height // 4, :, 3] = 0
    return rgba


# --- frames


def test_packing_is_undone_and_is_that_of_diffusers(torch):
    from diffusers import QwenImageLayeredPipeline

    from animelayers.models.qwen_layered.frames import pack, unpack

    latents = torch.randn(2, 3, 8, 6, 4)
    tokens = pack(latents)
    assert torch.equal(tokens, QwenImageLayeredPipeline._pack_latents(latents, 2, 8, 6, 4, 3))
    assert torch.equal(unpack(tokens, 3, (3, 2)), latents)


def test_a_sequence_of_other_frames_is_refused():
    with pytest.raises(ValueError, match="13 tokens are not 5 frames"):
        toy_qwen.frames().span(13)
    assert toy_qwen.frames().span(15) == (0, 3)
    assert toy_qwen.frames(composite=True).span(18) == (3, 3)


def test_layers_keep_the_ids_that_they_have_beside_a_composite(model):
    """RoPE of contract B with kept ids is that of contract A without the composite's rows."""
    from animelayers.models.qwen_layered.frames import placed

    rope = model.pos_embed
    grid = (4, 2)
    whole, text = rope(toy_qwen.frames(composite=True).shapes(grid, 1), max_txt_seq_len=5, device="cpu")
    kept, moved = toy_qwen.frames(), toy_qwen.frames(kept_ids=False)
    with placed(model, kept):
        rows, words = rope(kept.shapes(grid, 1), max_txt_seq_len=5, device="cpu")
    assert (rows == whole[8:]).all()
    assert (words == text).all()
    with placed(model, moved):
        rows, _ = rope(moved.shapes(grid, 1), max_txt_seq_len=5, device="cpu")
    assert (rows[:32] == whole[:32]).all()
    assert (rows[32:] == whole[40:]).all(), "the condition is frame -1 in every contract"


def test_ids_are_given_back(model):
    kept, moved = toy_qwen.frames(), toy_qwen.frames(kept_ids=False)
    before = said(model, moved)
    assert not said(model, kept).equal(before)
    assert said(model, moved).equal(before)


# --- the embedding


def test_the_embedding_reaches_the_layers_and_nothing_else(torch):
    from animelayers.models.qwen_layered import semantics

    model, frames = toy_qwen.transformer(), toy_qwen.frames(composite=True)
    tokens = torch.randn(2, 6 * 3, 32)
    plain = model.img_in(tokens)
    made = semantics.attach(model, frames)
    offset = (model.img_in(tokens) - plain).detach()
    assert torch.allclose(offset[:, 3:15], made.embedding.repeat_interleave(3, 0).expand(2, -1, -1), atol=1e-6)
    assert not offset[:, :3].any()
    assert not offset[:, 15:].any()


def test_at_the_entrance_it_is_an_input_of_its_own(torch):
    from animelayers.models.qwen_layered import semantics

    model, frames = toy_qwen.transformer(), toy_qwen.frames()
    tokens = torch.randn(1, 10, 32)
    plain = model.img_in(tokens)
    made = semantics.attach(model, frames, "packed")
    assert made.embedding.shape == (4, 32)
    moved = tokens.clone()
    moved[:, :8] += made.embedding.repeat_interleave(2, 0)
    assert torch.allclose(model.img_in(tokens), model.img_in.forward(moved))
    assert not torch.equal(model.img_in(tokens), plain)


def test_it_is_drawn_from_its_distribution(torch):
    from animelayers.models.qwen_layered import semantics

    torch.manual_seed(0)
    drawn = semantics.LayerSemantics(toy_qwen.frames(), 3072, "hidden", "x").embedding
    assert drawn.shape == (4, 3072)
    assert drawn.std().item() == pytest.approx(0.02, rel=0.03)
    assert abs(drawn.mean().item()) < 1e-3


def test_it_comes_and_goes_with_its_adapter():
    from peft import LoraConfig

    from animelayers.models.qwen_layered import semantics

    model, frames = toy_qwen.transformer(), toy_qwen.frames()
    plain = said(model, frames)
    model.add_adapter(LoraConfig(r=2, target_modules=["to_q"]), "mine")  # B is 0: the LoRA alone changes nothing
    assert said(model, frames).equal(plain)
    semantics.attach(model, frames, adapter="mine")
    with_it = said(model, frames)
    assert not with_it.equal(plain)
    model.disable_adapters()
    assert said(model, frames).equal(plain)
    model.enable_adapters()
    assert said(model, frames).equal(with_it)
    model.add_adapter(LoraConfig(r=2, target_modules=["to_q"]), "other")
    model.set_adapter("other")
    assert said(model, frames).equal(plain)
    model.set_adapter("mine")
    assert said(model, frames).equal(with_it)


# --- latents


@pytest.mark.parametrize(("hidden", "colour"), [("black", 0), ("white", 255), ("bleed", 200)])
def test_one_colour_stands_where_nothing_is_seen(hidden, colour):
    from animelayers.models.qwen_layered.latents import levels

    rgba = np.full((16, 16, 4), 200, np.uint8)
    rgba[:8] = (9, 8, 7, 0)
    there = levels(rgba, hidden)
    assert ((there[:3, :8] + 1) * 127.5).round().unique().tolist() == [colour]
    assert (there[3, :8] == -1).all()


def test_pixels_are_those_that_came():
    from animelayers.models.qwen_layered.latents import levels, pixels

    rgba = picture(16, 16)
    rgba[rgba[..., 3] == 0] = 0
    assert (pixels(levels(rgba)) == rgba).all()


def test_encoding_draws_nothing_and_keeps_its_scale(torch, vae):
    from animelayers.models.qwen_layered import latents

    shown = torch.stack([latents.levels(picture(32, 48, seed)) for seed in (0, 1)])
    found = latents.encode(vae, shown)
    assert found.shape == (2, 8, 4, 6)
    assert latents.scale_of(vae) == 8
    assert torch.equal(found, latents.encode(vae, shown))
    assert torch.allclose(found[1:], latents.encode(vae, shown[1:]), atol=1e-5)
    mode = vae.encode(shown[:, :, None]).latent_dist.mode()[:, :, 0]
    std = torch.tensor(vae.config.latents_std).view(1, -1, 1, 1)
    assert torch.allclose(found * std + torch.tensor(vae.config.latents_mean).view(1, -1, 1, 1), mode, atol=1e-5)


# --- sampling


@pytest.mark.parametrize("guided", [False, True])
def test_with_the_composite_it_is_the_stock_pipeline(torch, model, vae, monkeypatch, guided):
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_layered as theirs
    from PIL import Image

    from animelayers.models.qwen_layered import denoise, latents
    from animelayers.models.qwen_layered.frames import pack

    monkeypatch.setattr(theirs, "calculate_dimensions", lambda *_: (32, 48))
    frames = toy_qwen.frames(composite=True)
    rgba = picture(48, 32)
    rgba[rgba[..., 3] == 0] = 0
    start = denoise.noise([7], (5, 8, 6, 4), torch.device("cpu"))
    negative = toy_qwen.prompt(1)
    asked = {"negative_prompt_embeds": negative[None], "true_cfg_scale": 4.0, "cfg_normalize": True} if guided else {}
    stock = toy_qwen.stock(model, vae)(
        Image.fromarray(rgba),
        prompt="x",
        prompt_embeds=toy_qwen.prompt()[None],
        layers=4,
        num_inference_steps=3,
        latents=pack(start),
        output_type="pt",
        **asked,
    )
    condition = latents.encode(vae, latents.levels(rgba)[None])
    guidance = denoise.Guidance(negative, 4.0) if guided else None
    found = denoise.denoised(
        model, toy_qwen.scheduler(), condition, toy_qwen.prompt(), frames, start, steps=3, guidance=guidance
    )
    ours = latents.decode(vae, found[0, 1:])
    assert torch.allclose((ours + 1) / 2, stock.images[0], atol=2e-6)
    assert ours.std() > 0.01


def test_a_picture_of_a_batch_is_what_it_is_alone(torch, model):
    from animelayers.models.qwen_layered import denoise

    frames, drawn = toy_qwen.frames(), torch.Generator().manual_seed(3)
    clean = torch.randn(2, 8, 4, 6, generator=drawn)
    start = denoise.noise([5, 6], (4, 8, 4, 6), torch.device("cpu"))
    settings = model, toy_qwen.scheduler()
    both = denoise.denoised(*settings, clean, toy_qwen.prompt(), frames, start, steps=2)
    alone = denoise.denoised(*settings, clean[1:], toy_qwen.prompt(), frames, start[1:], steps=2)
    assert both.shape == start.shape
    assert torch.allclose(both[1:], alone, atol=1e-5)
    assert torch.equal(denoise.noise([6], (4, 8, 4, 6), torch.device("cpu")), start[1:])


@pytest.mark.parametrize(("tokens", "shift"), [(1600, 2.5), (3456, 3.674), (4096, 4.0)])
def test_larger_pictures_stay_longer_in_the_noise(tokens, shift):
    """Closed form: σ' = s·σ / (1 + (s − 1)·σ), s = √(tokens / 256)."""
    from animelayers.models.qwen_layered import denoise

    plain = np.linspace(1, 0, 6)
    wanted = shift * plain / (1 + (shift - 1) * plain)
    assert denoise.sigmas(toy_qwen.scheduler(), 5, tokens).numpy() == pytest.approx(wanted, abs=1e-4)


def test_every_step_is_told(torch, model):
    from animelayers.models.qwen_layered import denoise

    told = []
    start = denoise.noise([0], (4, 8, 4, 4), torch.device("cpu"))
    denoise.denoised(
        model,
        toy_qwen.scheduler(),
        torch.zeros(1, 8, 4, 4),
        toy_qwen.prompt(),
        toy_qwen.frames(),
        start,
        steps=3,
        on_step=lambda *step: told.append(step),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
