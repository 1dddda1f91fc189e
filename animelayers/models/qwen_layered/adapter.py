"""One safetensors file: the LoRA under the keys that diffusers knows, the embedding, and how both have to be used.

    transformer.transformer_blocks.0.attn.to_q.lora_A.weight …     diffusers: pipe.load_lora_weights(folder)
    lora_lse.embedding                                             diffusers passes over it
    header["animelayers"]                                          an `AdapterSpec` as JSON

Scale is 1 (alpha = rank), so a reader that infers ranks from shapes gets the same function.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from diffusers.training_utils import cast_training_params
from peft import LoraConfig
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from animelayers.errors import DataError, ModelError
from animelayers.models import tensors
from animelayers.models.qwen_layered.frames import Frames
from animelayers.models.qwen_layered.latents import Hidden
from animelayers.models.qwen_layered.semantics import NAME, Place, attach

FILE = "pytorch_lora_weights.safetensors"
"""The name that diffusers looks for in a folder."""
KEY = "animelayers"
PREFIX = "transformer."
PROMPT = "Anime illustration, layered rendering, lineart layer, flat color layer, light layer, shadow layer"
"""That of the paper, in training and use."""

IMAGE_STREAM = ("to_q", "to_k", "to_v", "to_out.0")
TEXT_STREAM = ("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")
TARGETS = IMAGE_STREAM + TEXT_STREAM
"""All attention projections of both streams."""


class AdapterSpec(BaseModel):
    """What has to be known to use an adapter."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    layers: tuple[str, ...]
    """In the order of the frames."""
    composite: bool = False
    kept_ids: bool = True
    place: Place | None = "hidden"
    """Where the layer-semantic embedding is added; None: there is none."""
    hidden: Hidden = "black"
    prompt: str = PROMPT
    size: tuple[int, int]
    """Height and width, px, of what it was trained on."""
    base: str
    """Repository or folder of the base's weights."""
    revision: str = ""
    rank: int
    targets: tuple[str, ...] = TARGETS
    blocks: int
    """Of the base's transformer."""
    width: int
    """Of the base's transformer."""
    steps: int = 0
    """How long it has learnt."""

    @property
    def frames(self) -> Frames:
        """The contract that it has learnt."""
        return Frames(self.layers, self.composite, self.kept_ids)


def insert(transformer: Any, spec: AdapterSpec, adapter: str = "default") -> None:
    """Give a transformer an untrained adapter: the LoRA changes nothing yet, the embedding is drawn.

    In the last block the text stream ends: what would only feed it gets no LoRA, since it would get no gradient.
    """
    check(transformer, spec)
    last = f"transformer_blocks.{spec.blocks - 1}.attn"
    config = LoraConfig(
        r=spec.rank,
        lora_alpha=spec.rank,
        init_lora_weights="gaussian",
        target_modules=list(spec.targets),
        exclude_modules=[f"{last}.add_q_proj", f"{last}.to_add_out"],
    )
    transformer.add_adapter(config, adapter)
    cast_training_params(transformer)  # to float32: PEFT took the base's bf16, in which steps of 1e-4 are rounded away
    if spec.place is not None:
        attach(transformer, spec.frames, spec.place, adapter)


def as_file(weights: Mapping[str, Tensor], adapter: str = "default") -> dict[str, Tensor]:
    """The trained parameters of a transformer by name, under the names that a file has."""
    return {
        name if name.startswith(NAME) else PREFIX + name.replace(f".{adapter}.", "."): tensor
        for name, tensor in weights.items()
    }


def save(path: Path, weights: Mapping[str, Tensor], spec: AdapterSpec) -> None:
    """Write an adapter, wholly or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    tensors.write(path, weights, spec.model_dump(mode="json"), KEY)


def located(path: Path) -> Path:
    """The file of an adapter: a run's folder has one.

    Raises:
        ModelError: there is none.
    """
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise ModelError(f"there is no adapter {file}", hint="name the folder of a finished run, or the .safetensors")
    return file


def read(path: Path) -> tuple[AdapterSpec, dict[str, Tensor]]:
    """What an adapter says of itself, and its tensors.

    Raises:
        ModelError: it is damaged, or has not been trained by this program.
    """
    hint = "adapters are trained by train/lora.py; those of other programs do not say what their layers are"
    try:
        spec = AdapterSpec.model_validate(tensors.header(path, KEY))
        return spec, load_file(path)
    except (DataError, ValidationError, SafetensorError, OSError) as error:
        raise ModelError(f"{path} is no adapter for rendering layers", hint=hint) from error


def load(transformer: Any, spec: AdapterSpec, weights: Mapping[str, Tensor], adapter: str = "default") -> None:
    """Put an adapter into a transformer that has none.

    Raises:
        ModelError: it belongs to another base.
    """
    check(transformer, spec)
    lora = {name: tensor for name, tensor in weights.items() if name.startswith(PREFIX)}
    if lora:  # none is left where it has been merged into the base
        transformer.load_lora_adapter(lora, prefix=PREFIX.rstrip("."), adapter_name=adapter)
    if spec.place is not None:
        made = attach(transformer, spec.frames, spec.place, adapter)
        made.load_state_dict({"embedding": weights[f"{NAME}.embedding"]})


def check(transformer: Any, spec: AdapterSpec) -> None:
    """Refuse a transformer of another size; the outline of one will do.

    Raises:
        ModelError: it is.
    """
    blocks, width = shape_of(transformer)
    if (blocks, width) != (spec.blocks, spec.width):
        said = f"the adapter is for {spec.base}, {spec.blocks} blocks of width {spec.width}; this base has"
        raise ModelError(f"{said} {blocks} of {width}", hint=f"--weights {spec.base}")


def shape_of(transformer: Any) -> tuple[int, int]:
    """How many blocks a transformer has, and how wide they are."""
    config = transformer.config
    return config.num_layers, config.num_attention_heads * config.attention_head_dim
