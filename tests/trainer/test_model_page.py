import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "model.md"


def test_the_example_of_the_model_page_runs_as_it_stands() -> None:
    example = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, object] = {}

    assert example
    exec(example[1], names)

    assert "again" in names


def test_every_metric_is_explained_on_the_model_page() -> None:
    from dataclasses import replace

    from tests.trainer.simulated import make_material
    from trainer.material import FitConfig
    from trainer.refit import refit

    material, _ = make_material(n_labels=20)
    metrics = refit(replace(material, p_first_shown_B=material.weight_B / 2), FitConfig(), seed=0).metrics
    explained = set(re.findall(r"`([a-z_*]+)`", PAGE.read_text()))

    for name in metrics:
        patterns = {name, f"{name.split('_')[0]}_*", re.sub(r"^[a-z]+", "*", name), f"*_{name.split('_')[-1]}"}
        assert explained & patterns, f"docs/model.md does not say what {name} is"
