"""The file that ships says what PyTorch says, and what it is. Skipped without PyTorch and ONNX."""

import json

import numpy as np
import pytest
from drawing import needs

from animelayers.errors import DataError, ModelError

needs("onnx")
pytestmark = pytest.mark.usefixtures("torch")


@pytest.fixture(scope="module", params=["rendering", "parts"])
def shipped(request, torch, tmp_path_factory):
    """A net with something for BatchNorm to fold, its file of weights, what was exported, and its card."""
    from animelayers.models import tensors
    from animelayers.training.lite import config, lessons, onnx_file

    mode = request.param
    shape = {"mode": mode, "width": 4} if mode == "rendering" else {"mode": mode, "pretrained": False}
    torch.manual_seed(0)
    net = lessons.built(getattr(config, f"{mode.title()}Shape")(**shape))
    with torch.no_grad():
        net(torch.rand(2, 4, 64, 96) * 2 - 1)
    weights = tmp_path_factory.mktemp(mode) / "weights.safetensors"
    tensors.write(weights, net.state_dict(), {"mode": mode, "net": shape, "licence": "Apache-2.0"})
    output = weights.with_name(f"{mode}.onnx")
    return net.eval(), weights, output, onnx_file.export(weights, output)


def several(said):
    return said if isinstance(said, tuple) else (said,)


def test_onnx_runtime_says_what_pytorch_says(torch, shipped):
    import onnxruntime

    from animelayers.training.lite import onnx_file

    net, _, output, card = shipped
    session = onnxruntime.InferenceSession(output, providers=["CPUExecutionProvider"])
    same = onnx_file.rounded(onnx_file.folded(net))
    for size in ((1, 4, 96, 64), (2, 4, 64, 128)):
        seen = torch.rand(size) * 2 - 1
        with torch.no_grad():
            exact, plain = several(same(seen)), several(net(seen))
        for ours, before, given in zip(exact, plain, session.run(None, {"seen": seen.numpy()}), strict=True):
            assert np.abs(ours.numpy() - given).max() < 1e-3
            assert np.abs(before.numpy() - given).max() < 2e-2
    assert set(card["file"]["moved by rounding"]) == {said.name for said in session.get_outputs()}
    assert max(card["file"]["moved by rounding"].values()) > 0


def test_the_file_is_half_as_large_and_holds_its_card(shipped):
    import onnxruntime

    from animelayers.training.lite import onnx_file

    _, weights, output, card = shipped
    session = onnxruntime.InferenceSession(output, providers=["CPUExecutionProvider"])
    assert json.loads(session.get_modelmeta().custom_metadata_map[onnx_file.CARD]) == card
    assert json.loads(output.with_suffix(".json").read_text("utf-8")) == card
    assert card["licence"] == "Apache-2.0"
    graph = 100_000 + len(json.dumps(card))  # what is not weights
    assert output.stat().st_size < 0.5 * weights.stat().st_size + graph


def test_exporting_twice_gives_the_same_bytes(shipped):
    from animelayers.training.lite import onnx_file

    _, weights, output, _ = shipped
    again = output.with_name("again.onnx")
    onnx_file.export(weights, again)
    assert again.read_bytes() == output.read_bytes()


def test_other_files_are_refused(torch, tmp_path):
    from animelayers.models import tensors
    from animelayers.training.lite import onnx_file

    path, output = tmp_path / "weights.safetensors", tmp_path / "x.onnx"
    path.write_bytes(b"no weights")
    with pytest.raises(DataError, match="no file of a training"):
        onnx_file.export(path, output)
    for about, said in (({}, "does not say"), ({"mode": "parts", "net": {"mode": "parts"}}, "does not fit")):
        tensors.write(path, {"x": torch.zeros(1)}, about)
        with pytest.raises(ModelError, match=said):
            onnx_file.export(path, output)
    assert not output.exists()
