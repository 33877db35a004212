"""The same weights and choices on a GPU as on a CPU, to rounding."""

from dataclasses import replace

import numpy as np
import pytest

from tests.trainer.simulated import SCALES, TIE_EDGE, make_material, make_rankings
from trainer.full_rank import full_rank
from trainer.material import FitConfig
from trainer.outcomes import ScaleName
from trainer.refit import refit

pytestmark = pytest.mark.gpu
CLOSE = 1e-4


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("rank", [512, 40])
def test_a_gpu_gives_the_head_that_a_cpu_gives(name: ScaleName, rank: int) -> None:
    material, _ = make_material(n_labels=2000, size=60, tie_edge=0 if name == "binary" else TIE_EDGE)
    ranked = replace(material, rankings=make_rankings(np.random.default_rng(0), 20, len(material.prompt_N)))
    config = FitConfig(scale=name, n_queue=16, rank=rank, smoothing=0.02)

    there, here = (refit(ranked, config, seed=1, device=device) for device in ("cuda", "cpu"))

    assert there.head.weights_D.tolist() == pytest.approx(here.head.weights_D.tolist(), abs=CLOSE)
    assert there.head.cuts == pytest.approx(here.head.cuts, abs=CLOSE)
    assert there.p_first_M.tolist() == pytest.approx(here.p_first_M.tolist(), abs=CLOSE)
    assert there.queue.information_Q.tolist() == pytest.approx(here.queue.information_Q.tolist(), rel=1e-3)


def test_a_gpu_gives_the_released_head_that_a_cpu_gives() -> None:
    material, _ = make_material(n_labels=2000, size=60)
    config = FitConfig(rank=20, n_queue=4)
    live = refit(material, config, seed=1, device="cpu")

    here = full_rank(material, config, live.head, live.geometry, device="cpu")
    on_gpu = replace(
        live.geometry,
        rotation_DK=live.geometry.rotation_DK.cuda(),
        coordinates_NK=live.geometry.coordinates_NK.cuda(),
    )
    there = full_rank(material, config, live.head, on_gpu, device="cuda")

    assert there.head.weights_D.tolist() == pytest.approx(here.head.weights_D.tolist(), abs=CLOSE)
    assert there.margin_B.tolist() == pytest.approx(here.margin_B.tolist(), abs=CLOSE)
