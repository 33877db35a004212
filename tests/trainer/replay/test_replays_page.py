import re

from tests.source import ROOT


def test_the_example_of_the_replays_page_runs_as_it_stands() -> None:
    example = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "replays.md").read_text(), re.DOTALL)
    names: dict[str, object] = {}

    assert example
    exec(example[1], names)

    assert "needed" in names
