"""What a head and its posterior say of any responses, of the project or not."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.likelihood import decisive_probability, tie_edge
from trainer.posterior import posterior_over, sharpness
from trainer.refit import Refit

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


def predict(result: Refit, coordinates_NK: Tensor, first_M: Indices, second_M: Indices) -> Floats:
    """Return moderated P(first preferred | the verdict is decisive) of each pair of responses.

    coordinates_NK: `result.geometry.project(embedding_ND)` of the responses that first_M and second_M count; they need
    not have been in the refit, but their embeddings must be of its encoder key.
    """
    device = coordinates_NK.device
    weight_K = result.geometry.lower(torch.from_numpy(result.head.weights_D).to(device))
    seen = posterior_over(coordinates_NK, weight_K, result.factor_KK)
    ends = torch.from_numpy(first_M).to(device), torch.from_numpy(second_M).to(device)
    sharp_M = sharpness(seen.variances(*ends), result.head.temperature)
    edge = tie_edge(torch.tensor(result.head.cuts, dtype=torch.float64, device=device))
    answer: Floats = decisive_probability(sharp_M * seen.margins(*ends), sharp_M * edge).cpu().numpy()
    return answer
