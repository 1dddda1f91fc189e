"""Finding weights: paths, hub ids, the cache, and everything that can be in the way. No test opens a connection."""

import errno
import json
import shutil
import struct
from types import SimpleNamespace

import pytest

from animelayers.errors import ModelError
from animelayers.models.hub import located, revision_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = ("unet/*.safetensors", "*.json")


def safetensors(path, *, data=b"\1\2\3\4"):
    path.parent.mkdir(parents=True, exist_ok=True)
    header = json.dumps({"w": {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)
    return path


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The hub's client with an empty cache; `answers` is what it says to a question, `calls` what it was asked."""
    client = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr(pytest.importorskip("huggingface_hub.constants"), "HF_HUB_CACHE", str(tmp_path / "cache"))
    found = SimpleNamespace(calls=[], cache=tmp_path / "cache", original=client.snapshot_download)
    found.answers = raising(AssertionError("nothing was to be asked"))

    def snapshot_download(repo, **how):
        found.calls.append((repo, how))
        return found.answers(repo, **how)

    monkeypatch.setattr(client, "snapshot_download", snapshot_download)
    return found


def raising(error):
    def answers(repo, **how):
        raise error

    return answers


def refused(kind, status):
    import huggingface_hub.errors as errors

    http = pytest.importorskip("httpx2")
    asked = http.Request("GET", "https://huggingface.co/api/models/owner/name")
    return getattr(errors, kind)("said no", response=http.Response(status, request=asked))


def planned(name="unet/model.safetensors", size=10, **more):
    from huggingface_hub.file_download import DryRunFileInfo

    return DryRunFileInfo(COMMIT, size, name, "", False, True, **more)


# --- paths


def test_a_folder_and_a_file_are_used_as_they_are(tmp_path, hub):
    file = safetensors(tmp_path / "model" / "unet" / "w.safetensors")
    assert located(str(tmp_path / "model"), files=FILES) == tmp_path / "model"
    assert located(str(file), files=FILES) == file
    assert not hub.calls


def test_a_folder_may_be_named_from_here_and_from_home(tmp_path, hub, monkeypatch):
    safetensors(tmp_path / "owner" / "name" / "w.safetensors")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert located("owner/name", files=FILES).resolve() == tmp_path / "owner" / "name"
    assert located("~/owner/name", files=FILES) == tmp_path / "owner" / "name"


@pytest.mark.parametrize("kind", [".bin", ".ckpt", ".pt", ".PTH"])
def test_pickles_are_not_opened(tmp_path, kind):
    (tmp_path / f"model{kind}").write_bytes(b"x")
    for weights in (tmp_path, tmp_path / f"model{kind}"):
        with pytest.raises(ModelError, match="can run code") as caught:
            located(str(weights), files=FILES)
        assert "convert" in caught.value.hint
    safetensors(tmp_path / "model.safetensors")
    assert located(str(tmp_path), files=FILES) == tmp_path, "beside safetensors they do no harm"


def test_a_folder_without_weights_is_said_to_be_one(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="no weights"):
        located(str(tmp_path), files=FILES)


@pytest.mark.parametrize("weights", ["./runs/x", "../x", "~/x", "/a/b", "a\\b", "a/b/c", "runs", "a/b.safetensors"])
def test_what_looks_like_a_path_is_never_asked_for(weights, hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="no file or folder") as caught:
        located(weights, files=FILES)
    assert caught.value.hint
    assert not hub.calls


def test_half_a_path_is_a_path_unless_it_has_a_revision(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    with pytest.raises(ModelError, match="no file or folder runs/x") as caught:
        located("runs/x", files=FILES)
    assert "runs/x@main" in caught.value.hint
    hub.answers = raising(refused("RepositoryNotFoundError", 404))
    with pytest.raises(ModelError, match="neither a folder runs/x here nor a model runs/x on the hub"):
        located("runs/x@main", files=FILES)


# --- the hub


def answering(folder, plan):
    def answers(repo, *, dry_run=False, **how):
        return plan if dry_run else str(folder)

    return answers


@pytest.mark.parametrize(
    ("weights", "revision"), [("owner/name", "v1"), ("owner/name@v2", "v2"), ("owner/name@a/b", "a/b")]
)
def test_only_what_is_needed_is_fetched(hub, tmp_path, weights, revision):
    safetensors(tmp_path / "snap" / "w.safetensors")
    hub.answers = answering(tmp_path / "snap", [planned()])
    assert located(weights, files=FILES, revision="v1") == tmp_path / "snap"
    for repo, how in hub.calls:
        assert repo == "owner/name"
        assert how["allow_patterns"] == list(FILES)
        assert {"*.bin", "*.ckpt", "*.pt"} <= set(how["ignore_patterns"])
        assert how["revision"] == revision
    assert [how.get("dry_run", False) for _, how in hub.calls] == [True, False]


def test_gigabytes_are_not_begun_where_there_is_no_room(hub, monkeypatch):
    hub.answers = answering("x", [planned(size=41 * 10**9), planned("a.json", None)])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=30 * 10**9))
    with pytest.raises(ModelError, match=r"41\.0 GB more.*30\.0 GB") as caught:
        located("owner/name", files=FILES)
    assert "HF_HOME" in caught.value.hint
    assert len(hub.calls) == 1


def test_a_model_of_pickles_is_not_fetched(hub):
    hub.answers = answering("x", [planned("config.json")])
    with pytest.raises(ModelError, match=r"no \.safetensors or \.onnx"):
        located("owner/name", files=FILES)
    assert len(hub.calls) == 1


@pytest.mark.parametrize(
    ("kind", "status", "said", "hint"),
    [
        ("RepositoryNotFoundError", 404, "neither a folder owner/name here nor a model", "hf auth login"),
        ("GatedRepoError", 403, "only to those who ask", "https://huggingface.co/owner/name"),
        ("RevisionNotFoundError", 404, "no revision v9", "commits"),
        ("HfHubHTTPError", 503, "cannot be fetched from the hub: said no", "connection"),
    ],
)
def test_what_the_hub_refuses_is_said_in_words(hub, kind, status, said, hint):
    hub.answers = raising(refused(kind, status))
    with pytest.raises(ModelError, match=said) as caught:
        located("owner/name@v9", files=FILES)
    assert hint in caught.value.hint


def test_a_disk_that_fills_up_and_a_name_that_is_none(hub):
    hub.answers = raising(OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(ModelError, match="disk is full"):
        located("owner/name", files=FILES)
    hub.answers = hub.original
    with pytest.raises(ModelError, match="cannot be fetched"):
        located("owner/na--me..", files=FILES)


def snapshot(hub):
    """A model in the cache, as the hub's client keeps it."""
    place = hub.cache / "models--owner--name"
    safetensors(place / "snapshots" / COMMIT / "unet" / "w.safetensors")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(COMMIT)
    return place / "snapshots" / COMMIT


def test_offline_the_cache_will_do(hub, monkeypatch):
    import huggingface_hub

    hub.answers = hub.original
    with pytest.raises(ModelError, match="offline nothing is fetched"):
        located("owner/name", files=FILES, offline=True)
    there = snapshot(hub)
    assert located("owner/name", files=FILES, offline=True) == there
    monkeypatch.setattr(huggingface_hub, "is_offline_mode", lambda: True)  # HF_HUB_OFFLINE=1
    assert located("owner/name", files=FILES) == there
    assert all(how == {**how, "local_files_only": True} for _, how in hub.calls)
    assert revision_of(there / "unet") == COMMIT


def test_without_a_connection_the_cache_will_do(hub):
    from huggingface_hub.errors import DryRunError

    def answers(repo, *, dry_run=False, **how):
        if dry_run:
            raise DryRunError("no") from ConnectionError("the cable is out")
        return hub.original(repo, **how)

    hub.answers = answers
    with pytest.raises(ModelError, match="cannot be fetched from the hub: the cable is out"):
        located("owner/name", files=FILES)
    there = snapshot(hub)
    assert located("owner/name", files=FILES) == there


# --- revisions


def test_a_fingerprint_tells_folders_apart_and_nothing_else(tmp_path):
    def made(name, **how):
        safetensors(tmp_path / name / "unet" / "w.safetensors", **how)
        (tmp_path / name / "config.json").write_text("{}")
        return tmp_path / name

    one, same, other = made("one"), made("same"), made("other", data=b"\1\2\3\5")
    first = revision_of(one)
    assert len(first) == 64
    (same / ".cache").mkdir()
    (same / ".cache" / "fetched").write_text("today")
    assert revision_of(same) == first, "neither the folder's name nor a program's notes count"
    assert revision_of(other) != first, "a training of the same shape is another"
    (one / "config.json").write_text("[]")
    assert revision_of(one) != first
    assert revision_of(one / "unet" / "w.safetensors") == revision_of(same / "unet" / "w.safetensors")


def test_a_damaged_file_has_a_fingerprint_too(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"\xff" * 9)
    assert len(revision_of(tmp_path)) == 64
