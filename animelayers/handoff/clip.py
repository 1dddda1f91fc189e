"""`.clip` of CLIP STUDIO PAINT, through the optional package clipparse. Experimental: the format is not documented."""

from __future__ import annotations

import tempfile
from importlib import import_module
from pathlib import Path

from animelayers.errors import FormatError, MissingPackageError
from animelayers.handoff.files import replacing
from animelayers.handoff.psd import write_psd
from animelayers.parts import Preset
from animelayers.stack import LayerStack


def write_clip(stack: LayerStack, path: Path, *, names: Preset = Preset.SEE_THROUGH) -> None:
    """Write `stack` as `.clip`, by way of a PSD. Experimental; keep the PSD as the master.

    What a layer has beyond the canvas is cut off, opacity has 257 steps, and the bytes are not the same every time.

    Raises:
        MissingPackageError: clipparse is not installed.
        FormatError: clipparse cannot make the file.
        OutputError: the file cannot be written.
    """
    try:
        psd_to_clip = import_module("clipparse_tools.psd_to_clip")
    except ImportError as error:
        raise MissingPackageError(
            "a .clip file needs the package clipparse", hint='pip install "animelayers[clip]"'
        ) from error
    path = Path(path)
    with tempfile.TemporaryDirectory() as folder, replacing(path) as temporary:
        psd = Path(folder) / "layers.psd"
        write_psd(stack, psd, names=names)
        try:
            psd_to_clip.convert(str(psd), str(temporary), verbose=False)
        except OSError:
            raise  # a full disk is not the format's fault
        except Exception as error:
            raise FormatError(f"clipparse could not make {path.name}: {error}", hint="save as .psd instead") from error
