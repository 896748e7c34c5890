"""The API is what its document says, for whatever schemathesis thinks of."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from vidpipe.api.app import service

#: Few enough for every run of the tests; `python -m benchmarks.api_contract` looks longer.
EXAMPLES, WALKS, STEPS = 5, 6, 6
#: No schema says which cursors a list gave, nor which stages a channel has.
BEYOND_SCHEMAS = [positive_data_acceptance]


def patient(examples: int, **more) -> settings:
    """Settings of hypothesis: the same each time, however slow the machine is."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
        **more,
    )


@pytest.fixture
def api(library):
    """The document of the API over a library with a processed talk, read from it."""
    found = schemathesis.openapi.from_asgi("/api/v1/openapi.json", service(library))
    # A stream goes on for ever, unless it is asked not to.
    return found.exclude(path="/events")


def look(api, examples: int = EXAMPLES) -> dict[str, Exception]:
    """Every operation with data as described, and with data that is not; what is wrong."""
    wrong: dict[str, Exception] = {}
    for found in api.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                cases = operation.as_strategy(generation_mode=mode)
            except Unsatisfiable:
                # Nothing can be wrong with a request that takes nothing.
                continue

            @patient(examples)
            @given(case=cases)
            def ask(case):
                case.call_and_validate(excluded_checks=BEYOND_SCHEMAS)

            try:
                ask()
            except Unsatisfiable:
                continue
            except (Exception, BaseExceptionGroup) as error:
                wrong[f"{operation.label} {mode.value}"] = error
    return wrong


def walk(api, walks: int = WALKS, steps: int = STEPS) -> None:
    """Operations in a row, each with what those before it answered."""

    class Walk(api.as_state_machine()):
        def get_call_kwargs(self, case):
            return {}

        def validate_response(self, response, case, additional_checks=(), **kwargs):
            case.validate_response(
                response, additional_checks=additional_checks, excluded_checks=BEYOND_SCHEMAS
            )

    Walk.run(settings=patient(walks, stateful_step_count=steps))


def test_every_operation_answers_as_it_is_described(api):
    wrong = look(api)
    assert not wrong, "\n\n".join(f"{name}:\n{error}" for name, error in wrong.items())


def test_walks_over_what_operations_made_find_nothing(api):
    walk(api)
