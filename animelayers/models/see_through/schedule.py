"""How noise is taken away: the sampler of parts and that of depth.

That of parts is written down here, since the networks have learnt SDXL's noise and the released pipeline wants nothing
else: SDE-DPM-Solver++ of second order (arXiv 2211.01095). Depth follows Marigold: DDIM (arXiv 2010.02502), velocities,
and a last step that is all noise (arXiv 2305.08891).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diffusers import DDIMScheduler, DPMSolverMultistepScheduler

from animelayers.models.diffusion.folder import opening

STEPS = 30
"""Of the sampler of parts, unless told otherwise."""
DEPTH_STEPS = 4
"""The same of depth."""

_NOISE = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
"""Of Stable Diffusion, 1 to XL."""


def parts_scheduler(*, ode: bool = False) -> Any:
    """A `DPMSolverMultistepScheduler` for noise predictions; give `step` its noise as `variance_noise`.

    With `ode` it adds none: DPM-Solver++ of second order, for which fewer steps will do.
    """
    return DPMSolverMultistepScheduler(
        **_NOISE,
        solver_order=2,
        algorithm_type="dpmsolver++" if ode else "sde-dpmsolver++",
        final_sigmas_type="zero",
        timestep_spacing="leading",
        steps_offset=1,
    )


def depth_scheduler(folder: Path | None = None) -> Any:
    """A `DDIMScheduler` for velocities.

    Args:
        folder: of a depth checkpoint, whose own settings hold where it has them; None: those of Marigold 1.1.

    Raises:
        ModelError: its settings cannot be read.
    """
    if folder is not None and (folder / "scheduler").is_dir():
        with opening(folder / "scheduler"):
            return DDIMScheduler.from_pretrained(folder / "scheduler", local_files_only=True)
    return DDIMScheduler(
        **_NOISE,
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        rescale_betas_zero_snr=True,
    )
