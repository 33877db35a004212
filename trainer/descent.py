"""The same loss by gradient descent: for teaching, and to set a head beside one that TRL's RewardTrainer made."""

from typing import Literal

import torch
from torch import Tensor

from trainer.likelihood import preference_loss

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def descend(
    chosen_BD: Tensor,
    rejected_BD: Tensor,
    *,
    lead_B: Tensor | None = None,
    optimizer: Literal["sgd", "adam"] = "sgd",
    rate: float,
    n_epochs: int,
    batch_size: int | None = None,
    decay: float = 0.0,
    seed: int = 0,
) -> Tensor:
    """Return weight_D after `n_epochs` of steps on the mean of -log sigma(reward(chosen) - reward(rejected) - lead).

    chosen_BD, rejected_BD: embeddings; rewards start at 0. batch_size: labels per step, in a seeded random order; None
    takes all of them. decay: of |w|^2 / 2, in the mean loss: lambda / n gives the minimum of `fit_head`. A step of
    plain SGD moves w by -rate (sigma - 1)(chosen - rejected), sigma being the probability of the verdict.
    """
    weight_D = torch.zeros_like(chosen_BD[0]).requires_grad_()
    steps = OPTIMIZERS[optimizer]([weight_D], lr=rate)
    lead_B = torch.zeros_like(chosen_BD[:, 0]) if lead_B is None else lead_B
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n_epochs):
        order = torch.randperm(len(chosen_BD), generator=generator).to(chosen_BD.device)
        for some in torch.split(order, batch_size or max(len(order), 1)):
            margin_B = (chosen_BD[some] - rejected_BD[some]) @ weight_D
            loss = preference_loss(margin_B, torch.ones_like(margin_B), lead_B[some])
            weight_D.grad = torch.autograd.grad(loss + decay * weight_D.square().sum() / 2, weight_D)[0]
            steps.step()
    return weight_D.detach()
