"""What tests are spared changes nothing of what they see."""

from sqlalchemy import create_engine, event, text
from sqlalchemy.sql.compiler import SQLCompiler

from vidpipe.catalog.catalog import Catalog
from vidpipe.catalog.database import Database
from vidpipe_tests import quick


def schema(database):
    with database.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")
        )
        return [tuple(row) for row in rows]


def test_a_new_catalog_has_what_its_migrations_make_and_the_rights_of_one(tmp_path, monkeypatch):
    spared = Catalog(f"sqlite:///{tmp_path / 'spared.sqlite'}").ready()
    quick.as_it_is(monkeypatch)
    migrated = Catalog(f"sqlite:///{tmp_path / 'migrated.sqlite'}").ready()
    assert schema(spared) == schema(migrated) != []
    modes = {(tmp_path / f"{name}.sqlite").stat().st_mode for name in ("spared", "migrated")}
    assert len(modes) == 1
    for database in (spared, migrated):
        database.engine.dispose()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["migrated.sqlite", "spared.sqlite"]


def test_a_file_that_is_there_is_not_replaced(tmp_path):
    file = tmp_path / "catalog.sqlite"
    file.touch()
    found = Database(f"sqlite:///{file}")
    assert schema(found) == [] and found.schema_problem() is not None
    assert found.ready().schema_problem() is None
    found.engine.dispose()


def test_engines_of_one_kind_compile_a_statement_once_and_others_for_themselves(
    tmp_path, monkeypatch
):
    compiled = []
    visit = SQLCompiler.visit_textclause

    def counted(self, clause, **more):
        compiled.append(clause.text)
        return visit(self, clause, **more)

    monkeypatch.setattr(SQLCompiler, "visit_textclause", counted)
    asked = text(f"SELECT :number AS a{abs(hash(str(tmp_path)))}")

    def ask(number, **how):
        engine = create_engine(f"sqlite:///{tmp_path / str(number)}", **how)
        seen = []
        event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
        with engine.connect() as connection:
            assert connection.execute(asked, {"number": number}).scalar_one() == number
        engine.dispose()
        return seen[-1]

    assert ask(1) == ask(2)
    assert len(compiled) == 1
    # Another style of parameters is another text, which the first cannot be taken for.
    assert ask(3, paramstyle="named") != ask(4)
    assert len(compiled) == 2
