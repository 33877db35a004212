import numpy as np
import pytest

from trainer.style import STYLE, style_columns, style_of

MARKDOWN = """# Title
Some **bold** and __more__ of it, 2 * 3 * 4.

## Steps
1. one
2) two
- three
  * **nested**

```sh
# not a header
- not an item
```
"""


def test_marks_of_style_are_counted_outside_code() -> None:
    assert dict(zip(STYLE, style_of(MARKDOWN), strict=True)) == {
        "length": len(MARKDOWN),
        "headers": 2,
        "lists": 4,
        "bold": 3,
    }


@pytest.mark.parametrize(
    "text", ["", "Plain words, - a dash, #hashtag, *emphasis*, -1 degrees.", "```\n# never closed"]
)
def test_plain_texts_have_a_length_alone(text: str) -> None:
    assert style_of(text) == (len(text), 0, 0, 0)


def test_columns_are_differences_over_sums_and_nothing_where_there_is_nothing() -> None:
    style = np.array([[300, 4, 0, 0], [100, 0, 0, 2]], float)

    columns = style_columns(style, np.array([0, 1]), np.array([1, 0]))

    assert {name: column.tolist() for name, column in columns.items()} == {
        "length": [0.5, -0.5],
        "headers": [1, -1],
        "lists": [0, 0],
        "bold": [-1, 1],
    }
