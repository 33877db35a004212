"""The keys of every preset."""

import pytest

from annotate.keys import keys_of, printed
from annotate.models import KeyPreset

WITH_KEYS = [preset for preset in KeyPreset if preset != KeyPreset.OFF]


@pytest.mark.parametrize("preset", WITH_KEYS)
def test_no_key_means_two_things(preset: KeyPreset) -> None:
    names = [key.lower() for keys in keys_of(preset).values() for key in keys.split()]

    assert len(names) == len(set(names))


def test_every_preset_has_the_same_verdicts_and_actions() -> None:
    assert len({frozenset(keys_of(preset)) for preset in WITH_KEYS}) == 1


def test_switched_off_there_are_none() -> None:
    assert keys_of(KeyPreset.OFF) == {}


def test_an_unknown_preset_is_an_error() -> None:
    with pytest.raises(ValueError, match="dvorak"):
        keys_of("dvorak")


def test_arrows_are_printed_as_arrows() -> None:
    assert [printed(key) for key in ("ArrowLeft", "ArrowUp", "S")] == ["←", "↑", "S"]
