"""Pictures ↔ latents of parts, against numbers recorded from the reference implementation and by closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import toy_see_through
from recorded import CLOSE, Recorded
from test_see_through_transparency import loaded, real_encoder, tiny_decoder

pytestmark = pytest.mark.usefixtures("diffusion")

LATENTS_CLOSE = 5e-4
"""Unscaled latents of the recorded VAE reach 40."""


@pytest.fixture(scope="module")
def decoder(diffusion):
    return tiny_decoder()


@pytest.fixture(scope="module")
def vae(diffusion):
    from diffusers import AutoencoderKL

    return loaded(AutoencoderKL(**Recorded("vae_wrappers_tiny").about["config_vae"]), "vae_wrappers_tiny")


@pytest.fixture(scope="module")
def toys(diffusion):
    """A VAE and a decoder to which the latent says something, and latents of three frames, 192 × 256 px."""
    import torch

    decoder = toy_see_through.transparency().decoder["model"].requires_grad_(False)
    torch.nn.init.normal_(decoder.latent_conv_in.weight, std=0.3)
    latents = 0.2 * torch.randn(3, 4, 24, 32, generator=torch.Generator().manual_seed(1))
    return toy_see_through.vae().requires_grad_(False), decoder, latents


def opaque(height, width):
    return np.full((height, width), 255, np.uint8)


def apart(some, others):
    """The largest difference of levels."""
    return int(np.abs(some.astype(np.int16) - others.astype(np.int16)).max())


# --- into latents


def test_parts_are_encoded_as_the_reference_does(vae):
    from animelayers.models.see_through import pictures

    recorded, scale = Recorded("vae_wrappers_tiny"), vae.config.scaling_factor
    argb, noise = recorded["inputs.argb"], recorded["outputs.posterior_noise"]
    mean, std = pictures.posterior(vae, pictures.part_seen(argb))
    assert (mean - recorded["outputs.posterior_mean"]).abs().max() < LATENTS_CLOSE
    assert (std - recorded["outputs.posterior_std"]).abs().max() < LATENTS_CLOSE
    drawn = pictures.part_target(vae, argb, noise)
    assert (drawn - recorded["outputs.latent_sampled_scaled"]).abs().max() < LATENTS_CLOSE * scale
    hidden = pictures.part_target(vae, argb, noise, real_encoder())
    assert (hidden - recorded["outputs.latent_offset_scaled"]).abs().max() < LATENTS_CLOSE * scale
    assert (pictures.part_target(vae, argb) - mean * scale).abs().max() == 0


def test_a_page_is_encoded_as_the_reference_does(vae):
    """Which sees colours under alpha 0: of an opaque page there are none."""
    from animelayers.models.see_through import pictures

    recorded = Recorded("layerdiff_loop_tiny")
    page = recorded["inputs.body.fullpage_uint8"].numpy().copy()
    page[..., 3] = 255
    found = pictures.page_latent(vae, page, recorded["inputs.body.posterior_noise"][0])
    assert (found - recorded["outputs.body.condition_latent"][0]).abs().max() < LATENTS_CLOSE * 0.13025


def test_hidden_colour_of_a_page_is_black_and_faint_colour_is_whole(vae, torch):
    from animelayers.models.see_through import pictures

    page = Recorded("layerdiff_loop_tiny")["inputs.body.fullpage_uint8"].numpy().copy()
    hidden = page[..., 3] == 0
    assert page[hidden, :3].any()
    black, faint = page.copy(), page.copy()
    black[hidden, :3] = 0
    faint[..., 3] = np.where(hidden, 0, 1)
    found = pictures.page_latent(vae, page)
    assert torch.equal(found, pictures.page_latent(vae, black))
    assert torch.equal(found, pictures.page_latent(vae, faint))
    assert (pictures.page_seen(page)[:, torch.from_numpy(hidden)] == -1).all()


def test_what_a_vae_sees_of_a_part_fades_to_grey(torch):
    from animelayers.models.see_through import pictures

    rgba = np.array([[[255, 0, 51, 255], [255, 0, 51, 51], [255, 0, 51, 0]]], np.uint8)
    seen = pictures.part_seen(pictures.argb(rgba)[None])[0, :, 0].T
    assert torch.allclose(seen, torch.tensor([[1, -1, -0.6], [0.2, -0.2, -0.12], [0, 0, 0]]))
    assert pictures.argb(rgba)[:, 0, 2].tolist() == [0, 0, 0, 0]


# --- out of latents


def test_layers_are_those_of_the_reference(vae, decoder):
    """Which truncates where ours rounds."""
    from animelayers.models.see_through import pictures

    recorded = Recorded("layerdiff_loop_tiny")
    for name in ("body", "head"):
        wanted = recorded[f"outputs.{name}.rgba_uint8"].numpy()
        alpha = recorded[f"inputs.{name}.fullpage_uint8"].numpy()[..., 3]
        found = pictures.decoded(vae, decoder, recorded[f"outputs.{name}.latents_after_step"][-1, 0], alpha, batch=2)
        seen = found[..., 3] > 0
        assert 0.3 < seen.mean() < 0.9
        assert apart(found[..., 3], wanted[..., 3]) <= 1
        assert apart(found[seen], wanted[seen]) <= 1
        assert not found[~seen].any()
        above = found[seen] > wanted[seen]
        assert 0.2 < above.mean() < 0.6, "half of all unclipped levels are rounded up"


def test_what_the_networks_say_is_what_the_reference_says(vae, decoder):
    from animelayers.models.see_through import pictures

    recorded = Recorded("vae_wrappers_tiny")
    found = pictures._argb(vae, decoder, recorded["inputs.latent"])
    assert (found - recorded["outputs.argb_clipped"]).abs().max() < CLOSE


@pytest.mark.parametrize("batch", [2, 3, 8])
def test_a_frame_of_a_batch_is_what_it_is_alone(toys, batch):
    from animelayers.models.see_through import pictures

    told = []
    alone = pictures.decoded(*toys, opaque(192, 256), on_frame=lambda *step: told.append(step))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert alone.std() > 10
    assert apart(alone, pictures.decoded(*toys, opaque(192, 256), batch=batch)) <= 1
    assert (alone == pictures.decoded(*toys, opaque(192, 256))).all(), "nothing is drawn"


def test_a_page_bounds_the_alpha_of_its_layers(toys):
    from animelayers.models.see_through import pictures

    page = opaque(192, 256)
    page[:, :100], page[:, 100:200] = 0, 51
    whole, found = pictures.decoded(*toys, opaque(192, 256)), pictures.decoded(*toys, page)
    assert not found[:, :, :100].any()
    assert np.abs(found[:, :, 100:200, 3] - whole[:, :, 100:200, 3] / 5).max() <= 0.6
    assert (found[:, :, 200:] == whole[:, :, 200:]).all()


# --- half precision


def overflowing(torch, factor):
    """A VAE that overflows in half precision where factor × latent does, and a decoder that tells what it was given."""

    class Vae(torch.nn.Conv2d):
        config = type("Config", (), {"scaling_factor": 1.0})
        dtype = property(lambda self: self.weight.dtype)

        def decode(self, latents, return_dict):
            pixel = (latents[:, :3] * factor / factor).repeat_interleave(8, -1).repeat_interleave(8, -2)
            return (2 * pixel - 1,)

        def encode(self, seen):
            small = seen[..., ::8, ::8] * factor / factor
            found = torch.cat([small, torch.zeros_like(small).repeat(1, 2, 1, 1)[:, :5]], 1)
            return type("Said", (), {"latent_dist": type("Posterior", (), {"parameters": found})})

    class Decoder(torch.nn.Conv2d):
        told = ()

        def forward(self, pixel, latent):
            self.told = (*self.told, (pixel.dtype, len(pixel)))
            return torch.cat([torch.ones_like(pixel[:, :1]), pixel], 1)

    return Vae(1, 1, 1), Decoder(1, 1, 1)


def test_what_overflows_in_half_precision_is_made_again(torch):
    from animelayers.models.see_through import pictures

    vae, decoder = (network.half() for network in overflowing(torch, 2.0**17))
    latents = torch.tensor([0.25, 0.75, 0.5]).view(3, 1, 1, 1).expand(3, 4, 8, 8)
    found = pictures.decoded(vae, decoder, latents, opaque(64, 64), batch=3)
    assert found[:, 5, 5].tolist() == [[64, 64, 64, 255], [191, 191, 191, 255], [128, 128, 128, 255]]
    assert decoder.told == ((torch.float16, 3), (torch.float32, 2))
    assert {vae.dtype, decoder.weight.dtype} == {torch.float16}, "they are as they were"
    mean, _ = pictures.posterior(vae, torch.full((1, 3, 64, 64), 0.75))
    assert (mean[:, :3] == 0.75).all()


def test_what_is_no_number_in_float32_either_is_refused(torch):
    from animelayers.errors import ModelError
    from animelayers.models.see_through import pictures

    vae, decoder = (network.half() for network in overflowing(torch, 1e5))
    latents = torch.full((3, 4, 8, 8), 0.5)
    latents[1, 0, 2, 2] = torch.nan
    with pytest.raises(ModelError, match="makes of 1 of 1 frames is no number, even in float32"):
        pictures.decoded(vae, decoder, latents, opaque(64, 64))
    assert vae.dtype == torch.float16


# --- tiles and boxes


def test_a_tile_as_large_as_the_picture_changes_nothing(toys):
    from animelayers.models.see_through import pictures

    whole = pictures.decoded(*toys, opaque(192, 256))
    assert (pictures.decoded(*toys, opaque(192, 256), tile=256) == whole).all()


@pytest.mark.parametrize(("height", "width", "tile"), [(1280, 64, 512), (192, 448, 128), (576, 704, 320)])
def test_tiles_cover_everything_with_weights_that_sum_to_1(torch, height, width, tile):
    from animelayers.models.see_through.pictures import _tiled

    place = torch.arange(height / 8)[:, None] * 1000 + torch.arange(width / 8)
    seen = []

    def one(latents):
        assert latents.shape[-2] % 8 == latents.shape[-1] % 8 == 0
        seen.append(latents.shape[-2:])
        return latents.repeat_interleave(8, -1).repeat_interleave(8, -2)

    latents = place.expand(1, 4, -1, -1)
    assert torch.allclose(_tiled(one, latents, tile), one(latents), rtol=1e-6)
    assert len(seen) > 2
    assert max(max(sides) for sides in seen[:-1]) == tile // 8


def test_tiles_of_different_colours_fade_into_each_other(torch):
    """Without the fade, the step from tile to tile would be 1; every overlap is 128 px, and 1/128 a pixel."""
    from animelayers.models.see_through.pictures import _tiled

    count = iter(range(9))
    found = _tiled(lambda cut: torch.full((1, 4, 512, 512), float(next(count))), torch.zeros(1, 4, 64, 160), 512)
    assert found[0, 0, 0, [0, 300, 600, 1000, 1279]].tolist() == [0, 0, 1, 2, 2]
    assert found.diff(dim=-1).abs().max() < 1.01 / 128


@pytest.mark.parametrize("tile", [0, 64, 200])
def test_tiles_that_do_not_fit_the_decoder_are_refused(toys, tile):
    from animelayers.errors import ModelError
    from animelayers.models.see_through import pictures

    with pytest.raises(ModelError, match=f"128 px or more, got {tile}"):
        pictures.decoded(*toys, opaque(192, 256), tile=tile)


def test_only_boxes_are_decoded(toys):
    from animelayers.models.see_through import pictures

    told = []
    vae, decoder, latents = toys
    boxes = [(0, 64, 128, 256), None, (0, 0, 192, 256)]
    found = pictures.decoded(*toys, opaque(192, 256), boxes=boxes, on_frame=lambda *step: told.append(step))
    assert told == [(2, 3), (3, 3)]
    cut = pictures.decoded(vae, decoder, latents[:1, :, :16, 8:], opaque(128, 192))
    assert (found[0, :128, 64:] == cut[0]).all()
    assert not found[0, 128:].any()
    assert not found[0, :, :64].any()
    assert not found[1].any()
    assert (found[2] == pictures.decoded(*toys, opaque(192, 256))[2]).all()


def test_boxes_hold_what_differs_from_nothing(torch):
    from animelayers.models.see_through import pictures

    empty = torch.randn(4, 40, 48, generator=torch.Generator().manual_seed(0))
    latents = empty + torch.zeros(4, 1, 1, 1) + 0.05
    latents[1, 2, 20, 30:33] += 1  # px 160..168 × 240..264
    latents[2, 0, 0, 47] -= 1
    latents[3] += 1
    found = pictures.filled(latents, empty, threshold=0.5, margin=24)
    assert found == [None, (128, 192, 192, 320), (0, 320, 64, 384), (0, 0, 320, 384)]
    assert pictures.filled(latents, empty, threshold=0.5, margin=0)[1] == (128, 192, 192, 320)
    assert pictures.filled(latents, empty, threshold=0.5, margin=33)[1] == (64, 192, 256, 320)


@pytest.mark.parametrize("options", [{"tile": 384}, {"boxes": [(0, 0, 128, 448)]}])
def test_what_sees_less_says_about_the_same(toys, options):
    """Random weights, which spread what they see further than trained ones; the measure is a slip of one latent."""
    import torch

    from animelayers.color import premultiplied
    from animelayers.models.see_through import pictures

    vae, decoder, _ = toys
    latents = 0.2 * torch.randn(1, 4, 16, 64, generator=torch.Generator().manual_seed(1))
    whole = premultiplied(pictures.decoded(vae, decoder, latents, opaque(128, 512))[0])[:, :384]
    found = premultiplied(pictures.decoded(vae, decoder, latents, opaque(128, 512), **options)[0])[:, :384]
    deviation, slip = np.abs(found - whole).mean(), np.abs(np.roll(found, 8, 1) - whole).mean()
    assert 0 < deviation < 0.4 * slip
