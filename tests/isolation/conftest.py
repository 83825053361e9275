"""One deployment for the whole suite; it takes most of a minute to set up."""

from collections.abc import Iterator

import pytest

from tests.isolation import lives
from tests.isolation.judging import Judge
from tests.isolation.world import World, made


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with made(tmp_path_factory.mktemp("isolation")) as world:
        lives.lived(world)
        yield world


@pytest.fixture(scope="session")
def judge(world: World) -> Judge:
    return Judge(world)
