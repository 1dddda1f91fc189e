"""Latents on disk, and which of them make a batch. Tiny random weights; skipped without the diffusion packages."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import toy_qwen

from animelayers.errors import DataError, ModelError
from animelayers.training.artwork import Artwork, fitted, mirrored
from animelayers.training.sampler import Plan

SLOTS = ("flat", "line")
SIZE = (32, 48)


pytestmark = pytest.mark.usefixtures("diffusion")


@pytest.fixture(scope="module")
def vae(diffusion):
    return toy_qwen.vae()


def artwork(seed=0):
    picture, flat, line = np.random.default_rng(seed).integers(0, 256, (3, 30, 44, 4), np.uint8)
    line[:10, :, 3] = 0
    return Artwork(f"art {seed}", picture, {"flat": flat, "line": line})


def keys(artworks, size=SIZE, *, flips=(False, True)):
    from animelayers.training.latent_cache import Key

    return [Key(index, art.digest, size, flip) for flip in flips for index, art in enumerate(artworks)]


def cache(folder, wanted, **changes):
    from animelayers.training.latent_cache import LatentCache, Recipe

    return LatentCache(folder, Recipe(**{"slots": SLOTS, "vae": "toy", **changes}), wanted)


def never():
    raise AssertionError("the VAE is not needed")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# --- latents


def test_an_entry_is_what_the_vae_makes_of_every_layer(torch, vae, tmp_path):
    from animelayers.models.qwen_layered.latents import encode, levels

    art = artwork()
    wanted = keys([art])
    found = cache(tmp_path, wanted)
    found.fill([art], lambda: vae)
    for key in wanted:
        shown = mirrored(fitted(art, SIZE)) if key.mirrored else fitted(art, SIZE)
        entry = found.read(key)
        assert entry.layers.shape == (2, 8, 4, 6)
        assert entry.cover.shape == (2, 4, 6)
        assert torch.equal(entry.condition, encode(vae, levels(shown.picture)[None])[0])
        assert torch.equal(entry.layers[1], encode(vae, levels(shown.layers["line"])[None])[0])
        blocks = shown.layers["line"][..., 3].reshape(4, 8, 6, 8).max((1, 3))
        assert np.allclose(entry.cover[1].numpy(), blocks / 255)
    assert not torch.equal(found.read(wanted[0]).condition, found.read(wanted[1]).condition)
    nothing = encode(vae, levels(np.zeros((*SIZE, 4), np.uint8))[None])[0]
    assert torch.equal(found.empty(SIZE), nothing)


def test_what_is_there_is_not_encoded_again(vae, tmp_path):
    art = [artwork(0), artwork(1)]
    wanted = [*keys(art), *keys(art[:1], (48, 32), flips=(True,))]
    found, told = cache(tmp_path, wanted), []
    assert [key.index for key in found.missing()] == [-1, -1, 0, 0, 0, 1, 1]
    found.fill(art, lambda: vae, lambda *step: told.append(step))
    assert told == [(done, 7) for done in range(1, 8)]
    assert found.missing() == []
    before = contents(tmp_path)
    assert len(before) == 7
    found.fill(art, never)
    assert contents(tmp_path) == before


def test_filling_that_was_stopped_goes_on_to_the_same_bytes(vae, tmp_path):
    art = [artwork(0), artwork(1)]
    stopped, whole = cache(tmp_path / "a", keys(art)), cache(tmp_path / "b", keys(art))

    def stop(done, of):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped.fill(art, lambda: vae, stop)
    assert len(stopped.missing()) == 3
    stopped.fill(art, lambda: vae)
    whole.fill(art, lambda: vae)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda _: b"", lambda _: b"no tensors"])
def test_a_damaged_file_is_encoded_again(vae, tmp_path, damage):
    art = [artwork()]
    found = cache(tmp_path, keys(art, flips=(False,)))
    found.fill(art, lambda: vae)
    (key,) = keys(art, flips=(False,))
    good = found.path(key).read_bytes()
    found.path(key).write_bytes(damage(good))
    with pytest.raises(DataError, match="cannot be read"):
        found.read(key)
    assert found.missing() == [key]
    found.fill(art, lambda: vae)
    assert found.path(key).read_bytes() == good


def test_whatever_changes_is_another_file(torch, tmp_path):
    from dataclasses import replace

    (key,) = keys([artwork()], flips=(False,))
    paths = [cache(tmp_path, [key]).path(key)]
    changes = ({"slots": ("line", "flat")}, {"vae": "other"}, {"hidden": "white"}, {"dtype": torch.bfloat16})
    paths += [cache(tmp_path, [key], **change).path(key) for change in changes]
    changed = (replace(key, size=(48, 32)), replace(key, mirrored=True), replace(key, digest=artwork(1).digest))
    paths += [cache(tmp_path, [key]).path(other) for other in changed]
    assert len(set(paths)) == len(paths)
    assert cache(tmp_path, [key]).path(replace(key, index=7)) == paths[0]


def test_the_dtype_is_the_one_asked_for(torch, vae, tmp_path):
    art = [artwork()]
    (key,) = keys(art, flips=(False,))
    half, full = (cache(tmp_path, [key], dtype=dtype) for dtype in (torch.bfloat16, torch.float32))
    for found in (half, full):
        found.fill(art, lambda: vae)
    assert torch.equal(half.read(key).layers, full.read(key).layers.to(torch.bfloat16))
    assert half.read(key).cover.dtype == half.empty(SIZE).dtype == torch.bfloat16


def test_art_that_has_changed_since_is_not_mixed_in(vae, tmp_path):
    found = cache(tmp_path, keys([artwork(0)]))
    with pytest.raises(DataError, match="art 1 has changed"):
        found.fill([artwork(1)], lambda: vae)
    assert [key.index for key in found.missing()] == [0, 0]


def test_latents_that_are_no_numbers_are_refused(torch, tmp_path):
    broken = toy_qwen.vae()
    with torch.no_grad():
        next(broken.parameters()).fill_(float("nan"))
    with pytest.raises(ModelError, match="no numbers"):
        cache(tmp_path, keys([artwork()])).fill([artwork()], lambda: broken)
    assert list(tmp_path.iterdir()) == []


def test_a_fingerprint_is_of_weights_and_configuration(torch, tmp_path):
    from animelayers.training.latent_cache import fingerprint

    found = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        toy_qwen.vae(seed).save_pretrained(tmp_path / name)
        found.append(fingerprint(tmp_path / name))
    assert found[0] == found[1] != found[2]
    config = tmp_path / "b" / "config.json"
    text = config.read_text()
    config.write_text(text.replace('"_diffusers_version": "', '"_diffusers_version": "9'))
    assert fingerprint(tmp_path / "b") == found[0]
    config.write_text(text.replace('"latents_std": [', '"latents_std": [0,'))
    assert fingerprint(tmp_path / "b") != found[0]
    with pytest.raises(ModelError, match="is no VAE"):
        fingerprint(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="has no"):
        fingerprint(tmp_path)


# --- batches

MIXED = ((32, 32),) * 5 + ((48, 32),) * 3 + ((32, 48),)


def drawn(plan, steps, world=1):
    return [plan.batch(step, rank, world) for step in range(steps) for rank in range(world)]


@pytest.mark.parametrize("sizes", [((32, 32),) * 8, ((32, 32),) * 4 + ((48, 32),) * 6])
def test_every_artwork_is_seen_once_an_epoch(sizes):
    plan = Plan(sizes, batch_size=2, seed=3)
    each = len(sizes) // 2
    epochs = [
        [entry for batch in drawn(plan, 3 * each)[at : at + each] for entry in batch.entries]
        for at in range(0, 3 * each, each)
    ]
    assert all(sorted(epoch) == list(range(len(sizes))) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 4, 7])
def test_a_batch_is_of_one_size_and_nothing_is_dropped(batch_size):
    plan = Plan(MIXED, batch_size=batch_size, seed=1)
    batches = drawn(plan, 60)
    assert all(len(batch.entries) == batch_size for batch in batches)
    assert all(len({MIXED[entry] for entry in batch.entries}) == 1 for batch in batches)
    for size in set(MIXED):
        own = [entry for entry, one in enumerate(MIXED) if one == size]
        row = [entry for batch in batches for entry in batch.entries if MIXED[entry] == size]
        whole = len(row) // len(own) * len(own)
        for at in range(0, whole, len(own)):
            assert sorted(row[at : at + len(own)]) == own, "the row of a size is one permutation after another"


def test_no_size_is_seen_more_often_than_others():
    plan = Plan(MIXED, batch_size=4)
    epochs = 40
    steps = sum(-(-epochs * count // 4) for count in Counter(MIXED).values())
    seen = Counter(entry for batch in drawn(plan, steps) for entry in batch.entries)
    assert all(epochs <= seen[entry] <= epochs + 4 for entry in range(len(MIXED)))


def test_sizes_take_turns_at_random():
    plan = Plan(((32, 32),) * 20 + ((48, 32),) * 20)
    order = [batch.entries[0] >= 20 for batch in drawn(plan, 40)]
    assert 10 < sum(a != b for a, b in pairwise(order)) < 30


def test_processes_share_an_epoch_among_them():
    plan = Plan(((32, 32),) * 12 + ((48, 32),) * 12, batch_size=2, seed=5, flip=0.5)
    assert drawn(plan, 4, world=3) == drawn(plan, 12)
    seen = [entry for batch in drawn(plan, 4, world=3) for entry in batch.entries]
    assert sorted(seen) == list(range(24))


def test_a_step_depends_on_no_step_before_it():
    through = drawn(Plan(MIXED, batch_size=2, seed=9, flip=0.5), 50)
    for step in (49, 17, 0, 31):
        assert Plan(MIXED, batch_size=2, seed=9, flip=0.5).batch(step) == through[step]
    assert drawn(Plan(MIXED, batch_size=2, seed=8, flip=0.5), 50) != through


@pytest.mark.parametrize(("flip", "low", "high"), [(0, 0, 0), (0.3, 0.25, 0.35), (1, 1, 1)])
def test_as_many_are_mirrored_as_asked_for(flip, low, high):
    flags = [flag for batch in drawn(Plan(MIXED, batch_size=3, flip=flip), 500) for flag in batch.mirrored]
    assert low <= np.mean(flags) <= high
