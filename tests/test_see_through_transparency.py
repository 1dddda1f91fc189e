"""The transparency networks against numbers recorded from the reference implementation."""

from __future__ import annotations

import gzip
import json

import pytest
import toy_see_through
from recorded import CLOSE, DATA, Recorded

pytestmark = pytest.mark.usefixtures("diffusion")

WIDTHS = (8, 8, 8, 16, 16, 16, 16)


def tiny_decoder():
    from animelayers.models.see_through.transparency import TransparencyDecoder

    return loaded(TransparencyDecoder(WIDTHS), "transparency_decoder_tiny")


def real_encoder():
    """With a decoder that is of no use."""
    from animelayers.models.see_through.transparency import TransparentVAE

    made = TransparentVAE(WIDTHS).eval().requires_grad_(False)
    loaded(made.encoder["model"], "transparency_encoder")
    return made


def loaded(network, name):
    network.load_state_dict(Recorded(name).under("weights."), strict=True)
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize("case", ["a", "b"])
def test_the_decoder_says_what_the_reference_says(case):
    recorded = Recorded("transparency_decoder_tiny")
    found = tiny_decoder()(recorded[f"inputs.{case}.pixel"], recorded[f"inputs.{case}.latent"])
    assert (found - recorded[f"outputs.{case}.argb"]).abs().max() < CLOSE


def test_its_norms_have_the_epsilon_of_the_reference():
    recorded, decoder = Recorded("transparency_decoder_tiny"), tiny_decoder()
    for weight in (*decoder.conv_in.parameters(), *decoder.latent_conv_in.parameters()):
        weight.mul_(2**-9)
    found = decoder(recorded["inputs.b.pixel"][:1], recorded["inputs.b.latent"][:1])
    assert (found - recorded["outputs.eps_probe.argb"]).abs().max() < 2 * CLOSE


def test_the_encoder_says_what_the_reference_says():
    recorded = Recorded("transparency_encoder")
    offset = real_encoder().offset(recorded["inputs.argb"])
    assert (offset / 300 - recorded["outputs.offset"]).abs().max() < 1e-5


def test_a_published_checkpoint_fits_strictly(torch):
    from animelayers.models.see_through.transparency import TransparentVAE

    wanted = json.loads(gzip.decompress((DATA / "keys_transparency_vae.json.gz").read_bytes()))["keys"]
    with torch.device("meta"):
        made = TransparentVAE()
    assert [[name, list(weight.shape)] for name, weight in made.state_dict().items()] == wanted


def test_a_folder_gives_back_what_was_saved(torch, tmp_path):
    from animelayers.models.see_through.transparency import TransparentVAE

    made = TransparentVAE(WIDTHS, encoder_channels=(4, 8, 8, 8))
    made.save_pretrained(tmp_path / "trans_vae")
    assert sorted(path.name for path in (tmp_path / "trans_vae").iterdir()) == [
        "config.json",
        "diffusion_pytorch_model.safetensors",
    ]
    back = TransparentVAE.from_pretrained(tmp_path / "trans_vae").state_dict()
    assert list(back) == list(made.state_dict())
    assert all(torch.equal(back[name], weight) for name, weight in made.state_dict().items())


def test_a_training_starts_from_the_files_of_layerdiffuse(torch, tmp_path):
    from safetensors.torch import save_file

    from animelayers.errors import ModelError
    from animelayers.models.see_through.transparency import TransparentVAE

    made = toy_see_through.transparency()
    files = tmp_path / "decoder.safetensors", tmp_path / "encoder.safetensors"
    for part, file in zip((made.decoder, made.encoder), files, strict=True):
        save_file(part["model"].state_dict(), file)
    back = TransparentVAE.from_originals(*files, block_out_channels=WIDTHS).state_dict()
    assert all(torch.equal(back[name], weight) for name, weight in made.state_dict().items())
    with pytest.raises(ModelError, match=r"encoder.safetensors does not fit TransparencyDecoder: Missing .*conv_in"):
        TransparentVAE.from_originals(files[1], files[1], block_out_channels=WIDTHS)
    files[0].write_bytes(b"no such thing")
    with pytest.raises(ModelError, match=r"decoder.safetensors cannot be read"):
        TransparentVAE.from_originals(*files, block_out_channels=WIDTHS)


def test_untrained_a_latent_says_nothing_beyond_its_picture(torch):
    made = toy_see_through.transparency().requires_grad_(False)
    pixel, latents = torch.rand(1, 3, 64, 64), torch.randn(2, 1, 4, 8, 8)
    assert torch.equal(made(pixel, latents[0]), made(pixel, latents[1]))
    assert not made.offset(torch.rand(1, 4, 64, 64)).any()


def test_checkpointed_gradients_are_the_same(torch):
    torch.manual_seed(0)
    pixel, latent, gradients = torch.rand(1, 3, 64, 64), torch.randn(1, 4, 8, 8), []
    for checkpointed in (False, True):
        made = toy_see_through.transparency().train()
        if checkpointed:
            made.enable_gradient_checkpointing()
        made(pixel, latent).square().mean().backward()
        gradients.append(made.decoder["model"].latent_conv_in.weight.grad)
    assert gradients[0].abs().max() > 0
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("size", [(64, 72), (32, 64), (0, 64)])
def test_other_sides_are_refused(torch, size):
    from animelayers.errors import ModelError

    with pytest.raises(ModelError, match=f"multiples of 64 px, got {size[0]} × {size[1]}") as refused:
        tiny_decoder()(torch.zeros(1, 3, *size), torch.zeros(1, 4, size[0] // 8, size[1] // 8))
    assert refused.value.hint == "64 × 64 is near"
