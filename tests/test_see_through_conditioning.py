"""What the networks are told: against text encoders by hand, and kept where no encoder is needed. No network."""

import shutil

import pytest
import toy_see_through
from toy_see_through import DEPTH_WIDTH, LENGTH, POOLED, WIDTHS

from animelayers.errors import ModelError
from animelayers.parts import PAPER_PARTS, PART_LABELS

pytestmark = pytest.mark.usefixtures("diffusion")

TAGS = ("front hair", "head", "irides")


@pytest.fixture(scope="module")
def cpu(diffusion, torch):
    return torch.device("cpu")


@pytest.fixture(scope="module")
def folders(diffusion, torch, tmp_path_factory):
    above = tmp_path_factory.mktemp("see-through")
    return {"parts": toy_see_through.save_parts(above / "parts"), "depth": toy_see_through.save_depth(above / "depth")}


@pytest.fixture
def own(folders, tmp_path):
    """A copy of the checkpoint of parts to spoil."""
    return shutil.copytree(folders["parts"], tmp_path / "own")


@pytest.fixture
def loads(monkeypatch):
    """Which encoders were loaded."""
    from animelayers.models.see_through import conditioning

    named, load = [], conditioning._encoder
    monkeypatch.setattr(conditioning, "_encoder", lambda folder, *how: named.append(folder.name) or load(folder, *how))
    return named


def without_encoders(folder):
    for part in ("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"):
        shutil.rmtree(folder / part)


# --- passes


def test_every_part_is_said_once():
    from animelayers.models.see_through.conditioning import BODY, DEPTH_FRAMES, HEAD, HEAD_TAG, PASSES

    assert (len(BODY), len(HEAD), len(DEPTH_FRAMES)) == (13, 11, 20)
    assert sorted((*BODY, *HEAD)) == sorted((*PART_LABELS, HEAD_TAG))
    assert [each.group for each in PASSES["v3"]] == [0, 1]
    assert [each.tags for each in PASSES["v2"]] == [PAPER_PARTS]
    assert DEPTH_FRAMES[:-1] == PAPER_PARTS


# --- words


def test_words_are_the_states_before_the_last_layer_of_both_encoders(torch, folders, cpu):
    """By hand: tokens, padding, the layers before the last one, the projection of the text's end."""
    from animelayers.models.see_through import conditioning

    found = conditioning.words(folders["parts"], TAGS, None, cpu)
    tokens, pooled = [], None
    with torch.no_grad():
        for width, last, pad, seed in ((WIDTHS[0], None, None, 1), (WIDTHS[1], POOLED, 0, 2)):
            encoder, names = toy_see_through.text_encoder(width, last, seed), toy_see_through.tokenizer()
            texts = [names(tag).input_ids for tag in TAGS]
            fill = names.eos_token_id if pad is None else pad
            ids = torch.tensor([text + [fill] * (LENGTH - len(text)) for text in texts])
            inner = getattr(encoder, "text_model", encoder)
            states = []
            handle = inner.encoder.layers[-2].register_forward_hook(lambda *call, to=states: to.append(call[2]))
            said = encoder(ids)
            handle.remove()
            tokens.append(states[0] if torch.is_tensor(states[0]) else states[0][0])
            if last:
                ends = [len(text) - 1 for text in texts]
                pooled = encoder.text_projection(said.last_hidden_state[range(len(TAGS)), ends])
    assert found.tokens.shape == (len(TAGS), LENGTH, sum(WIDTHS))
    assert found.pooled.shape == (len(TAGS), POOLED)
    assert torch.allclose(found.tokens, torch.cat(tokens, -1), atol=1e-5)
    assert torch.allclose(found.pooled, pooled, atol=1e-5)


def test_depth_is_told_two_tokens(torch, folders, cpu):
    from animelayers.models.see_through import conditioning

    found = conditioning.empty_words(folders["depth"], None, cpu)
    names = toy_see_through.tokenizer()
    with torch.no_grad():
        states = toy_see_through.text_encoder(DEPTH_WIDTH, seed=3)(
            torch.tensor([[names.bos_token_id, names.eos_token_id]])
        )
    assert found.tokens.shape == (1, 2, DEPTH_WIDTH)
    assert torch.allclose(found.tokens, states.last_hidden_state, atol=1e-5)
    assert found.pooled is None


# --- kept


def test_words_are_computed_once(torch, own, cpu, tmp_path, loads):
    from animelayers.models.see_through import conditioning

    cache = tmp_path / "cache" / "words.safetensors"
    assert conditioning.kept(own, TAGS, cache) is None
    first = conditioning.words(own, TAGS, cache, cpu)
    content = cache.read_bytes()
    assert loads == ["text_encoder", "text_encoder_2"]
    again = conditioning.words(own, TAGS[::-1], cache, cpu)
    assert torch.equal(again.tokens, first.tokens.flip(0))
    assert torch.equal(again.pooled, first.pooled.flip(0))
    assert len(loads) == 2
    cache.unlink()
    conditioning.words(own, TAGS, cache, cpu)
    assert cache.read_bytes() == content, "the same in, the same bytes out"
    without_encoders(own)
    assert torch.equal(conditioning.words(own, TAGS, cache, cpu).tokens, first.tokens)
    with pytest.raises(ModelError, match="has no text_encoder, and its words are not kept") as caught:
        conditioning.words(own, ["wings"], cache, cpu)
    assert conditioning.NAME in caught.value.hint


def test_a_checkpoint_may_come_with_its_words(torch, own, folders, cpu, loads):
    from animelayers.models.see_through import conditioning

    made = conditioning.words(folders["parts"], TAGS, None, cpu)
    without_encoders(own)
    conditioning.save(own / conditioning.NAME, TAGS, made)
    loads.clear()
    assert torch.equal(conditioning.words(own, TAGS, None, cpu).tokens, made.tokens)
    assert not loads


def test_empty_words_are_kept_too(torch, folders, cpu, tmp_path, loads):
    from animelayers.models.see_through import conditioning

    cache = tmp_path / "words.safetensors"
    first = conditioning.empty_words(folders["depth"], cache, cpu)
    assert torch.equal(conditioning.empty_words(folders["depth"], cache, cpu).tokens, first.tokens)
    assert len(loads) == 1
    assert conditioning.kept(folders["depth"], [conditioning.EMPTY], cache) is not None


def test_words_of_other_encoders_are_not_taken(torch, own, cpu, tmp_path, loads):
    from animelayers.models.see_through import conditioning

    cache = tmp_path / "words.safetensors"
    first = conditioning.words(own, TAGS, cache, cpu)
    toy_see_through.tokenizer("#").save_pretrained(own / "tokenizer_2")
    second = conditioning.words(own, TAGS, cache, cpu)
    assert len(loads) == 4
    assert not torch.equal(first.tokens, second.tokens)
    assert torch.equal(conditioning.words(own, TAGS, cache, cpu).tokens, second.tokens)
    without_encoders(own)
    conditioning.save(cache, TAGS, conditioning.Words(first.tokens[..., 1:], first.pooled))
    assert conditioning.kept(own, TAGS, cache) is None, "the UNet takes more values a token"


@pytest.mark.parametrize("content", [b"", b"words", b"\x08" + bytes(7) + b"{}      "])
def test_a_damaged_cache_is_written_anew(own, cpu, tmp_path, content):
    from animelayers.models.see_through import conditioning

    cache = tmp_path / "words.safetensors"
    cache.write_bytes(content)
    conditioning.words(own, TAGS, cache, cpu)
    assert conditioning.kept(own, TAGS, cache) is not None


def test_encoders_that_are_not_whole_are_told(own, cpu):
    from safetensors.torch import load_file, save_file

    from animelayers.models.see_through import conditioning

    weights = own / "text_encoder" / "model.safetensors"
    tensors = load_file(weights)
    gone = next(name for name in sorted(tensors) if "mlp.fc1.bias" in name)
    save_file({name: tensor for name, tensor in tensors.items() if name != gone}, weights, {"format": "pt"})
    with pytest.raises(ModelError, match=r"text_encoder is not whole: .*mlp\.fc1\.bias is missing"):
        conditioning.words(own, TAGS, None, cpu)
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelError, match="cannot be loaded"):
        conditioning.words(own, TAGS, None, cpu)


def test_encoders_in_4_bits_are_for_cuda(own, cpu):
    import json

    from animelayers.models.see_through import conditioning

    config = own / "text_encoder" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"quantization_config": {"load_in_4bit": True}}))
    with pytest.raises(ModelError, match="is in 4 bits, which cpu cannot"):
        conditioning.words(own, TAGS, None, cpu)


def test_a_cache_belongs_to_the_network(folders, own, tmp_path, monkeypatch):
    """By its UNet, which stays when encoders go; another checkpoint has another file."""
    from animelayers.models.see_through import conditioning

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = conditioning.cache_file(own)
    assert first.parent == tmp_path / "animelayers"
    without_encoders(own)
    assert conditioning.cache_file(own) == first
    assert conditioning.cache_file(folders["depth"]) != first
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert conditioning.cache_file(own).parent == tmp_path / "home" / ".cache" / "animelayers"
