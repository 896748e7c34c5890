"""What a service does that lives for weeks, whose processes die, and whose channels change."""

import pytest
import yaml

from vidpipe.errors import Misconfigured
from vidpipe.library import Library
from vidpipe.library.processor import Processor
from vidpipe.operations.retention import RemovalPlan
from vidpipe_tests.conftest import make_engine


@pytest.fixture
def library(tmp_path):
    engine = make_engine(tmp_path / "home")
    engine.catalog.ready()
    return Library(engine)


def write(library, **retention):
    file = library.engine.settings.channels_file
    file.write_text(yaml.safe_dump({"channels": {"default": {"retention": retention}}}))


@pytest.mark.parametrize("began_with", [{}, {"source": 7}])
def test_what_is_removed_is_by_the_policies_of_this_moment(library, monkeypatch, began_with):
    by = []

    def plan_removal(engine, *_, **__):
        by.append(dict(engine.channels["default"].retention.policies))
        return RemovalPlan()

    monkeypatch.setattr("vidpipe.operations.retention.plan_removal", plan_removal)
    write(library, **began_with)
    processor = Processor(Library(make_engine(library.engine.settings.home)))
    write(library)
    processor.retain()
    assert by == []
    library.engine.settings.channels_file.write_text("channels: [")
    with pytest.raises(Misconfigured):
        processor.retain()
    assert by == []
    # What could not be done is due as soon as it can.
    write(library, source=365)
    processor.retain()
    processor.retain()
    assert by == [{"source": 365.0}]
