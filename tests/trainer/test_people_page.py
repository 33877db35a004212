import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "people-and-releases.md"


def test_the_example_of_the_page_on_people_and_releases_runs_as_it_stands() -> None:
    example = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, object] = {}

    assert example
    exec(example[1], names)

    assert "decision" in names
