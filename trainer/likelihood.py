"""The likelihood of a verdict: an interval of margin + logistic noise, for two outcomes, ties and strength.

Every formula is that of a symmetric ordered logit. With cut points (0,) it is Bradley-Terry, with (-tau, tau)
Rao-Kupper at theta = e^tau, with two or three positive cut points a 5- or 7-point strength. Orders of more than two
responses are in rankings.py.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from trainer.outcomes import Scale

PRIOR_VARIANCE = 1.0  # of the log-increments of the cut points, which diverge without a prior


def preference_loss(margin_B: Tensor, target_B: Tensor, lead_B: Tensor | float = 0.0) -> Tensor:
    """Mean Bradley-Terry negative log-likelihood, in nats per comparison.

    margin_B: reward(first) - reward(second), logits. target_B: P(first preferred); 0.5 is a tie. lead_B: logits by
    which first must lead (the `margin` column of TRL's RewardTrainer), with target 1.
    Stable for any margin (softplus form). Bradley & Terry 1952.
    """
    ahead_B = margin_B - lead_B
    return (softplus(ahead_B) - target_B * ahead_B).mean()


class MarginTerms(NamedTuple):
    """Per label: the loss -log P, and its first and second derivative in the margin (v_B >= 0)."""

    loss_B: Tensor
    rho_B: Tensor
    v_B: Tensor


@dataclass(frozen=True)
class Intervals:
    """Which interval of the cut points each label is: (cuts[lower], cuts[upper]], counted with both infinities.

    sure_B: the share of a label's weight that its verdict gets; the mirrored verdict, first and second changed round,
    gets the rest (soft labels, label smoothing). None: all of it. lead_B: logits by which first must lead, negative
    where second must, for the verdict to be as likely as it would be without (TRL's margin). None: 0.
    """

    lower_B: Tensor
    upper_B: Tensor
    sure_B: Tensor | None = None
    lead_B: Tensor | None = None

    def bounds(self, cuts_C: Tensor) -> tuple[Tensor, Tensor]:
        ladder = with_infinities(cuts_C)
        return ladder[self.lower_B], ladder[self.upper_B]

    def terms(self, margin_B: Tensor, cuts_C: Tensor) -> MarginTerms:
        bounds = self.bounds(cuts_C)
        held = margin_terms(self.ahead(margin_B), *bounds)
        if self.sure_B is None:
            return held
        turned, rest_B = margin_terms(self.ahead(-margin_B), *bounds), 1 - self.sure_B
        return MarginTerms(
            self.sure_B * held.loss_B + rest_B * turned.loss_B,
            self.sure_B * held.rho_B - rest_B * turned.rho_B,
            self.sure_B * held.v_B + rest_B * turned.v_B,
        )

    def surprise(self, margin_B: Tensor, cuts_C: Tensor, sharp_B: Tensor | float) -> Tensor:
        """Return -log P of each label, in nats, with margins and cut points times `sharp_B`; no lead is asked."""
        lower_B, upper_B = (sharp_B * bound for bound in self.bounds(cuts_C))
        loss_B = -log_probability(sharp_B * margin_B, lower_B, upper_B)
        if self.sure_B is None:
            return loss_B
        return self.sure_B * loss_B - (1 - self.sure_B) * log_probability(-sharp_B * margin_B, lower_B, upper_B)

    def ahead(self, margin_B: Tensor) -> Tensor:
        return margin_B if self.lead_B is None else margin_B - self.lead_B

    def of(self, some_B: slice | Tensor) -> "Intervals":
        sure_B, lead_B = (part if part is None else part[some_B] for part in (self.sure_B, self.lead_B))
        return Intervals(self.lower_B[some_B], self.upper_B[some_B], sure_B, lead_B)


def margin_terms(margin_B: Tensor, lower_B: Tensor, upper_B: Tensor) -> MarginTerms:
    """Evaluate P = sigma(u - m) - sigma(l - m) through log P = log sigma(u-m) + log sigma(m-l) + log(1 - e^(l-u))."""
    above, below = torch.sigmoid(upper_B - margin_B), torch.sigmoid(lower_B - margin_B)
    loss = -log_probability(margin_B, lower_B, upper_B)
    return MarginTerms(loss, 1 - above - below, above * (1 - above) + below * (1 - below))


def log_probability(margin: Tensor, lower: Tensor, upper: Tensor) -> Tensor:
    return logsigmoid(upper - margin) + logsigmoid(margin - lower) + torch.log1p(-torch.exp(lower - upper))


def with_infinities(cuts_C: Tensor) -> Tensor:
    infinity = cuts_C.new_full((1,), torch.inf)
    return torch.cat([-infinity, cuts_C, infinity])


def fisher_information(margin_M: Tensor, cuts_C: Tensor) -> Tensor:
    """Return what a verdict on each pair is expected to tell about its margin: sum over outcomes of P v."""
    ladder = with_infinities(cuts_C)
    edge = torch.sigmoid(ladder[:, None] - margin_M)
    slope = edge * (1 - edge)
    return ((edge[1:] - edge[:-1]) * (slope[1:] + slope[:-1])).sum(0)


def decisive_probability(margin: Tensor, tie_edge: Tensor) -> Tensor:
    """Return P(first | the verdict is decisive); plain sigma(margin) where tie_edge is 0."""
    return torch.sigmoid(logsigmoid(margin - tie_edge) - logsigmoid(-margin - tie_edge))


def tie_probability(margin: Tensor, tie_edge: Tensor) -> Tensor:
    return torch.sigmoid(tie_edge - margin) - torch.sigmoid(-tie_edge - margin)


def tie_edge(cuts_C: Tensor) -> Tensor:
    """Return the margin up to which a tie is the verdict: 0 where a project offers none."""
    return cuts_C.abs().min()


@dataclass(frozen=True)
class CutPoints:
    """The cut points of a scale as functions of free log-increments: tau_k = sum of e^a_j for j <= k."""

    scale: Scale

    def start(self, device: torch.device) -> Tensor:
        return torch.zeros(self.scale.n_steps, dtype=torch.float64, device=device)

    def cuts(self, log_step: Tensor) -> Tensor:
        tau = log_step.exp().cumsum(0)
        return torch.cat([-tau.flip(0), tau]) if self.scale.n_steps else log_step.new_zeros(1)

    def log_steps(self, cuts_C: Tensor) -> Tensor:
        """Invert `cuts`."""
        tau = cuts_C[len(cuts_C) - self.scale.n_steps :]
        return torch.diff(tau, prepend=tau.new_zeros(1)).log()

    def jacobian(self, log_step: Tensor) -> Tensor:
        """Return d cuts / d log-increments, [C, steps]."""
        n = self.scale.n_steps
        upper = torch.ones(n, n, dtype=log_step.dtype, device=log_step.device).tril() * log_step.exp()
        return torch.cat([-upper.flip(0), upper])


class CutTerms(NamedTuple):
    """Derivatives of the summed loss in the cut points, and (mixed_CB) in them and each label's margin."""

    gradient_C: Tensor
    curvature_CC: Tensor
    mixed_CB: Tensor


def cut_terms(margin_B: Tensor, cuts_C: Tensor, intervals: Intervals, weight_B: Tensor) -> CutTerms:
    if intervals.sure_B is None:
        return _cut_terms(intervals.ahead(margin_B), cuts_C, intervals, weight_B)
    held = _cut_terms(intervals.ahead(margin_B), cuts_C, intervals, weight_B * intervals.sure_B)
    turned = _cut_terms(intervals.ahead(-margin_B), cuts_C, intervals, weight_B * (1 - intervals.sure_B))
    return CutTerms(
        held.gradient_C + turned.gradient_C, held.curvature_CC + turned.curvature_CC, held.mixed_CB - turned.mixed_CB
    )


def _cut_terms(margin_B: Tensor, cuts_C: Tensor, intervals: Intervals, weight_B: Tensor) -> CutTerms:
    lower_B, upper_B = intervals.bounds(cuts_C)
    above, below = torch.sigmoid(upper_B - margin_B), torch.sigmoid(lower_B - margin_B)
    odds = torch.expm1(upper_B - lower_B).reciprocal()
    at_upper = _membership(intervals.upper_B, cuts_C) * weight_B
    at_lower = _membership(intervals.lower_B, cuts_C) * weight_B
    gradient = at_lower @ (below + odds) - at_upper @ (1 - above + odds)
    pull = odds * (1 + odds)
    own = at_upper @ (above * (1 - above) + pull) + at_lower @ (below * (1 - below) + pull)
    across = (at_upper * pull) @ _membership(intervals.lower_B, cuts_C).T
    curvature = torch.diag(own) - across - across.T
    mixed = -(at_upper * above * (1 - above)) - at_lower * below * (1 - below)
    return CutTerms(gradient, curvature, mixed)


def _membership(index_B: Tensor, cuts_C: Tensor) -> Tensor:
    """Return [C, B]: 1 where the label's bound is that finite cut point."""
    place = torch.arange(1, len(cuts_C) + 1, device=index_B.device)
    return (index_B == place[:, None]).to(cuts_C.dtype)
