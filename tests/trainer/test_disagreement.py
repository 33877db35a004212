from dataclasses import replace

import numpy as np

from trainer.disagreement import Evidence, badges, precision_at


def make_evidence(n: int = 1, **columns: object) -> Evidence:
    """Return labels that agree with the head, each on a pair of its own; the tests bend what they need."""
    calm = Evidence(
        p_label_B=np.full(n, 0.9),
        p_tie_B=np.zeros(n),
        verdict_B=np.ones(n, np.int64),
        pair_B=np.arange(n),
        annotator_B=np.zeros(n, np.int64),
        first_B=2 * np.arange(n),
        second_B=2 * np.arange(n) + 1,
        residual_B=np.zeros(n),
        curvature_B=np.full(n, 0.2),
        leverage_B=np.full(n, 0.1),
    )
    return replace(calm, **{name: np.array(column) for name, column in columns.items()})


def test_a_label_that_agrees_has_no_badge() -> None:
    assert badges(make_evidence(leverage_B=[0.9], p_tie_B=[0.9])) == [""]


def test_a_disagreement_without_a_reason_has_no_badge() -> None:
    assert badges(make_evidence(p_label_B=[0.3])) == [""]


def test_people_who_split_over_a_pair_contest_it() -> None:
    split = make_evidence(3, p_label_B=[0.9, 0.9, 0.05], verdict_B=[1, 1, -1], pair_B=[5, 5, 5])

    assert badges(split) == ["", "", "contested"]


def test_one_against_many_does_not_make_a_pair_contested() -> None:
    lone = make_evidence(5, p_label_B=[0.9] * 4 + [0.05], verdict_B=[1] * 4 + [-1], pair_B=[5] * 5)

    assert badges(lone)[-1] == ""


def test_a_likely_tie_is_contested() -> None:
    assert badges(make_evidence(p_label_B=[0.3], p_tie_B=[0.5])) == ["contested"]


def test_a_label_the_head_rests_on_alone_marks_a_blind_spot() -> None:
    assert badges(make_evidence(p_label_B=[0.3], leverage_B=[0.6])) == ["blind_spot"]


def test_errors_of_one_sign_around_a_response_mark_a_blind_spot() -> None:
    around = make_evidence(
        5, p_label_B=[0.3] + [0.9] * 4, first_B=[0, 0, 0, 0, 0], second_B=[1, 2, 3, 4, 5], residual_B=[0.7] * 5
    )
    mixed = replace(around, residual_B=np.array([0.7, 0.7, -0.7, 0.7, -0.7]))
    opposite = replace(around, residual_B=np.array([0.7, -0.7, -0.7, -0.7, -0.7]))

    assert badges(around)[0] == "blind_spot"
    assert badges(mixed)[0] == ""
    assert badges(opposite)[0] == ""


def test_other_labels_of_the_same_pair_are_not_neighbours() -> None:
    same_pair = make_evidence(
        5, p_label_B=[0.3] + [0.9] * 4, pair_B=[0] * 5, first_B=[0] * 5, second_B=[1] * 5, residual_B=[0.7] * 5
    )

    assert badges(same_pair)[0] == ""


def test_one_wild_label_of_a_reliable_person_is_likely_a_slip() -> None:
    reliable = make_evidence(21, p_label_B=[0.05] + [0.9] * 20)
    careless = make_evidence(21, p_label_B=[0.05] + [0.9] * 10 + [0.4] * 10)
    newcomer = make_evidence(20, p_label_B=[0.05] + [0.9] * 19)

    assert badges(reliable)[0] == "likely_slip"
    assert badges(careless)[0] == ""
    assert badges(newcomer)[0] == ""


def test_precision_at_k_counts_the_wrong_among_the_most_surprising() -> None:
    surprise = np.array([0.1, 3.0, np.nan, 2.0, 1.0])
    wrong = np.array([True, True, True, False, True])

    assert [precision_at(surprise, wrong, k) for k in (1, 2, 3)] == [1.0, 0.5, 2 / 3]
    assert np.isnan(precision_at(surprise, wrong, 5))


def test_precision_at_all_labels_is_the_share_of_wrong_ones() -> None:
    rng = np.random.default_rng(0)
    wrong = rng.random(500) < 0.1

    assert precision_at(rng.random(500), wrong, 500) == wrong.mean()
