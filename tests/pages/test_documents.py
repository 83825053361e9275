"""Every document of a page is one that the schema answers."""

from pathlib import Path

import pytest
from graphql import parse, validate

import kreisbund_api.web
from kreisbund_api.graphql.schema import SCHEMA

DOCUMENTS = sorted(Path(kreisbund_api.web.__file__).parent.glob("*/*.graphql"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_schema_takes_it(path):
    assert [problem.message for problem in validate(SCHEMA._schema, parse(path.read_text("utf-8")))] == []


def test_there_are_documents():
    assert len(DOCUMENTS) > 60
