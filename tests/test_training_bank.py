"""The bank of views: which seeds, whole files, drawing that goes on and leaves nothing behind."""

import json

import numpy as np
import pytest
from banks import write
from drawing import names_in, needs

from animelayers.artist import families
from animelayers.errors import DataError
from animelayers.training.lite import bank
from animelayers.training.lite.bank import Bank, Order
from animelayers.training.lite.config import BankSettings
from animelayers.training.lite.views import FIELDS


def order(folder, **settings):
    told = {"seeds": 2, "begin": 1, "held_out": 1, **settings}
    return Order.of(BankSettings(folder=folder, **told))


def test_training_and_measuring_share_neither_seeds_nor_families(tmp_path):
    found = order(tmp_path, first=40, seeds=30, held_out=9, begin=30)
    assert (len(found.learnt), len(found.measured)) == (30, 9)
    assert min(found.learnt) >= 40
    assert {families.family(seed) for seed in found.learnt}.isdisjoint(families.HELD_OUT)
    assert {families.family(seed) for seed in found.measured} <= families.HELD_OUT
    assert max(*found.learnt, *found.measured) < families.BENCHMARK_SEEDS


def test_seeds_of_benchmarks_are_refused(tmp_path):
    with pytest.raises(DataError, match="never trained on"):
        order(tmp_path, first=families.BENCHMARK_SEEDS - 1)


def test_what_is_missing_is_what_nobody_has_drawn(tmp_path):
    found = order(tmp_path, seeds=3)
    held_out = tmp_path / bank.HELD_OUT
    assert found.missing() == [(held_out, found.measured[0]), *((tmp_path, seed) for seed in found.learnt)]
    write(tmp_path, found.learnt[1:])
    write(held_out, found.measured)
    (tmp_path / ".00000000.abc.npz").write_bytes(b"half a file of somebody who is still writing")
    assert found.missing() == [(tmp_path, found.learnt[0])]
    assert found.missing(0) == []
    assert Bank(tmp_path).seeds() == list(found.learnt[1:])
    assert Bank(tmp_path / "none").seeds() == []


def test_views_are_read_by_mode(tmp_path):
    write(tmp_path, [7])
    for mode, names in (("rendering", ["patch0", "patch1"]), ("parts", ["figure0", "figure1", "head0"])):
        found = Bank(tmp_path).read(7, mode)
        assert list(found) == names
        assert all({name: array.shape for name, array in view.items()} == FIELDS[mode] for view in found.values())


def test_damaged_and_strange_files_are_told(tmp_path):
    path = Bank(tmp_path).path(1)
    with pytest.raises(DataError, match="cannot be read"):
        Bank(tmp_path).read(1, "parts")
    write(tmp_path, [1])
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(DataError, match="cannot be read") as caught:
        Bank(tmp_path).read(1, "parts")
    assert "drawn again" in caught.value.hint
    np.savez_compressed(path, **{"patch0.seen": np.random.default_rng(0).integers(0, 256, (99, 99), np.uint8)})
    spoilt = bytearray(path.read_bytes())
    spoilt[300:400] = bytes(100)
    path.write_bytes(spoilt)
    with pytest.raises(DataError, match="cannot be read"):
        Bank(tmp_path).read(1, "rendering")
    np.savez(path, **{"patch0.seen": np.zeros((4, 4), np.uint8)})
    for mode in ("parts", "rendering"):
        with pytest.raises(DataError, match="other views"):
            Bank(tmp_path).read(1, mode)
    np.savez(path, **{"patch0.seen": np.array([{}], dtype=object)})
    with pytest.raises(DataError, match="cannot be read"):
        Bank(tmp_path).read(1, "rendering")


def test_a_bank_says_which_recipes_drew_it(tmp_path):
    (tmp_path / bank.ABOUT).write_text(json.dumps({"format": 1, "recipes": ["f" * 16]}))
    complete = order(tmp_path)
    write(tmp_path, complete.learnt)
    write(tmp_path / bank.HELD_OUT, complete.measured)
    with bank.drawn_meanwhile(complete, 1) as drawing:
        assert not drawing()
    assert bank.recipes(tmp_path) == sorted({"f" * 16, bank.recipe()})
    for text, said in (('{"format": 2, "recipes": []}', "format 2"), ("{", "damaged")):
        (tmp_path / bank.ABOUT).write_text(text)
        with pytest.raises(DataError, match=said), bank.drawn_meanwhile(complete, 1):
            pass


def test_waiting_for_what_nobody_draws_ends(tmp_path):
    with pytest.raises(DataError, match="3 seeds are missing"):
        bank.wait(order(tmp_path), 2, lambda: False, print)


def test_a_process_draws_while_others_wait_and_ends_with_the_block(tmp_path):
    needs("skia")
    found, said = order(tmp_path / "bank", seeds=400), []
    with bank.drawn_meanwhile(found, 1) as drawing:
        bank.wait(found, 1, drawing, said.append)
        assert drawing()
    assert not drawing()
    assert len(said) == 1
    left = names_in(tmp_path / "bank")
    assert set(left) >= {"bank.json", f"held-out/{found.measured[0]:08d}.npz", f"{found.learnt[0]:08d}.npz"}
    assert len(left) < 50
    assert not [name for name in left if "/." in name or name.startswith(".")]
    for mode, least in (("rendering", bank.PATCHES), ("parts", bank.FIGURES)):
        assert len(Bank(tmp_path / "bank").read(found.learnt[0], mode)) >= least
    task = tmp_path / "again", found.learnt[0]
    assert bank.draw(task) == found.learnt[0]
    assert Bank(task[0]).path(task[1]).read_bytes() == Bank(tmp_path / "bank").path(task[1]).read_bytes()
