"""What a study costs, and what trials, alarms and explanations add to each fit: 10,000 labels over 2,000 responses.

python -m benchmarks.study. A fifth of the labels is the audit stream, half of that unseen by the released head.
"""

import numpy as np
import torch

from benchmarks.measure import as_the_trainer, in_turn, report, spread
from benchmarks.synthetic import make_material
from trainer.fit import fit_head
from trainer.influences import influences
from trainer.inputs import make_inputs
from trainer.material import FitConfig, Material
from trainer.posterior import influence, laplace_posterior
from trainer.refit import Refit, refit
from trainer.release import Trial, promotion, roll_back_evidence
from trainer.study import Circumstances, study

N_RUNS = 5
N_LABELS, N_RESPONSES, SIZE, N_HEADS = 10_000, 2_000, 5_376, 20
CONFIG = FitConfig()


def circumstances(material: Material, result: Refit) -> Circumstances:
    rng = np.random.default_rng(0)
    audit_B = rng.random(N_LABELS) < 0.2
    return Circumstances(
        side_B=rng.choice([-1.0, 1.0], N_LABELS),
        learn_B=~audit_B,
        audit_B=audit_B,
        blind_B=np.full(N_LABELS, True),
        style_NS=rng.integers(0, 100, (N_RESPONSES, 4)).astype(float),
        history_KD=np.repeat(result.head.weights_D[None], N_HEADS, 0),
        history_K=np.ones(N_HEADS),
    )


def hold_trial(result: Refit) -> None:
    """Decide on 1,000 fresh labels in five slices, and bet against the released head."""
    p_B, rng = result.labels.p_read_B[:1000], np.random.default_rng(0)
    trial = Trial(p_B, np.full(1000, 0.5), rng.random(1000) < p_B, np.arange(1000) // 5)
    slices = {str(one): np.arange(1000) % 5 == one for one in range(5)}
    rewards = rng.standard_normal(256)
    promotion(trial, slices, n_labels=(N_LABELS, N_LABELS), reference_rewards=(rewards, rewards), seed=0)
    roll_back_evidence(np.ones(1000), np.ones(1000), np.arange(1000))


def main() -> None:
    as_the_trainer()
    material = make_material(N_RESPONSES, N_LABELS, size=SIZE)
    result = refit(material, CONFIG, seed=0)
    inputs = make_inputs(material, CONFIG, torch.device("cpu"))
    problem = inputs.problem(result.geometry.coordinates_NK)
    fit = fit_head(problem, result.head.prior_precision)
    posterior = laplace_posterior(problem, fit)
    labels = influence(problem, fit, posterior)
    came = circumstances(material, result)
    seconds = in_turn(
        N_RUNS,
        study=lambda: study(material, CONFIG, result, came, seed=0),
        refit=lambda: refit(material, CONFIG, previous=result.head, geometry=result.geometry, seed=0),
        trial=lambda: hold_trial(result),
        influences=lambda: influences(problem, posterior, labels, np.arange(50)),
    )
    report("study", {"seconds": {name: spread(times) for name, times in seconds.items()}})


if __name__ == "__main__":
    main()
