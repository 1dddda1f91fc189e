"""Jobs in processes: every one has a result, in the order that was asked for, and nothing is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from functools import partial
from pathlib import Path

import elsewhere
import pytest
from drawing import names_in

from animelayers.errors import AnimeLayersError, DataError
from animelayers.workers import AHEAD, ending_well, results


@pytest.fixture(autouse=True)
def _none_are_left():
    yield
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("count", [0, 1, 9])
def test_every_job_has_a_result(workers, count):
    found = list(results(partial(pow, 2), range(count), workers, in_order=True))
    assert found == [2**n for n in range(count)]
    assert sorted(results(partial(pow, 2), range(count), workers)) == found


def test_results_come_as_they_are_done(tmp_path):
    made = results(elsewhere.touch_in_turn, [tmp_path / "slow after go", tmp_path / "quick"], 2)
    assert next(made) == "quick"
    (tmp_path / "go").touch()
    assert list(made) == ["slow after go"]


def test_results_come_in_the_order_of_the_jobs(tmp_path):
    jobs = [tmp_path / "slow after quick", tmp_path / "quick"]
    assert list(results(elsewhere.touch_in_turn, jobs, 2, in_order=True)) == ["slow after quick", "quick"]


def test_only_a_few_jobs_are_done_ahead_of_the_reader(tmp_path):
    made = results(elsewhere.touch, [tmp_path / f"{n:03}" for n in range(60)], 2, in_order=True)
    assert next(made) == "000"
    deadline = time.monotonic() + 20
    while len(names_in(tmp_path)) < 2 * AHEAD and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert len(names_in(tmp_path)) == 2 * AHEAD
    assert list(made) == [f"{n:03}" for n in range(1, 60)]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_job_raises_ends_the_others_and_keeps_its_hint(workers):
    with pytest.raises(DataError, match="not this one") as caught:
        list(results(elsewhere.refuse, range(20), workers))
    assert caught.value.hint == "another one"


def test_jobs_of_a_killed_worker_are_lost_one_by_one():
    assert sorted(results(elsewhere.die, range(9), 2, lost=partial(pow, 2))) == [2**n for n in range(9)]
    with pytest.raises(AnimeLayersError, match="ended from outside") as caught:
        list(results(elsewhere.die, range(9), 2))
    assert caught.value.hint


def test_closing_removes_what_is_half_written(tmp_path):
    start = time.monotonic()
    made = results(elsewhere.write_slowly, [tmp_path / name for name in ("first", "a", "b")], 2)
    assert next(made) == "first"
    while not (tmp_path / "a.begun").exists() and time.monotonic() < start + 30:
        time.sleep(0.01)
    assert any(path.name.startswith(".a.") for path in tmp_path.iterdir())
    made.close()
    assert time.monotonic() < start + 50  # nobody waited for the minute to pass
    assert [name for name in names_in(tmp_path) if not name.endswith(".begun")] == ["first"]


def test_who_is_asked_between_two_jobs_does_no_other(tmp_path):
    child = multiprocessing.get_context("spawn").Process(target=elsewhere.asked_between_jobs, args=(tmp_path / "a",))
    child.start()
    child.join(60)
    assert child.exitcode == 130
    assert not names_in(tmp_path)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_process_is_prepared_once(workers, monkeypatch):
    monkeypatch.setenv("ANIMELAYERS_TEST_PREPARED", "")
    found = list(results(elsewhere.prepared, range(5), workers, prepare=elsewhere.prepare))
    assert found == ["1"] * 5
    assert os.environ["ANIMELAYERS_TEST_PREPARED"] == ("1" if workers == 1 else "")


def test_nothing_to_do_prepares_nothing(monkeypatch):
    monkeypatch.setenv("ANIMELAYERS_TEST_PREPARED", "")
    assert list(results(elsewhere.prepared, [], 2, prepare=elsewhere.prepare)) == []
    assert os.environ["ANIMELAYERS_TEST_PREPARED"] == ""


def test_sigterm_is_answered_as_ctrl_c_is():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), ending_well():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_other_children_are_left_alone(tmp_path: Path):
    other = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
    other.start()
    try:
        with pytest.raises(DataError):
            list(results(elsewhere.refuse, range(20), 2))
        assert other.is_alive()
    finally:
        other.terminate()
        other.join()
