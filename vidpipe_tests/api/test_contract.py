"""The API is what its document says, for whatever schemathesis thinks of."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from vidpipe.api.app import service

#: Few enough for every run of the tests; `python -m benchmarks.api_contract` looks longer.
EXAMPLES, WALKS = 12, 8
_LENIENT = list(HealthCheck)


@pytest.fixture
def api(library):
    """The document of the API over a library with a processed talk, read from it."""
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", service(library))


described = schemathesis.pytest.from_fixture("api")


@described.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=_LENIENT,
    phases=[Phase.explicit, Phase.generate],
)
def test_every_operation_answers_as_it_is_described(case):
    case.call_and_validate()


def test_walks_over_what_operations_made_find_nothing(api):
    walk = api.as_state_machine()
    walk.run(
        settings=settings(
            max_examples=WALKS,
            stateful_step_count=8,
            deadline=None,
            derandomize=True,
            suppress_health_check=_LENIENT,
            phases=[Phase.generate],
        )
    )
