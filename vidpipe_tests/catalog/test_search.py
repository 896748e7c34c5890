"""The search finds the same on SQLite and PostgreSQL, in every script, by an index."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from vidpipe.catalog import search
from vidpipe.catalog.catalog import Rows
from vidpipe.catalog.search import SearchKind, sentence_row
from vidpipe.catalog.search_tables import SentenceRow
from vidpipe.language.search_terms import phrases_of
from vidpipe_tests.catalog.conftest import video

SAID = (
    "The Fourier transform takes a signal apart.",
    "A signal is a sum of waves, and each wave has a frequency.",
    "L’école à Besançon is where Łukasz met the Straße of İstanbul.",
    "今天天气很好，我们去公园散步。",
    "ภาษาไทยไม่มีช่องว่างระหว่างคำ",
    "日本語の文章を検索する。ｶﾞｲﾄﾞ",
    "한국은 아름다운 나라입니다.",
    "मशीन लर्निंग हिन्दी में",
    "Don't use C++17 or e-mail me@example.org: 3.5 % of 100.",
    "أَهْلًا وسهلا بكم",
)


def put(catalog, video_id, texts, *, kind=SearchKind.TRANSCRIPT):
    channel = video_id.split("--", maxsplit=1)[0]
    if catalog.video(video_id) is None:
        catalog.accept_video(video(video_id=video_id, channel=channel, sha256=f"{video_id:0<64}"))
    rows = [sentence_row(video_id, channel, kind, k, k + 1.5, t) for k, t in enumerate(texts)]
    of = {"video_id": video_id, "kind": kind.value}
    catalog.replace(Rows(table=SentenceRow, of=of, rows=rows))


def texts(catalog, question, **more):
    more.setdefault("channels", {"default"})
    return [m.text for m in catalog.search.find(question, 50, **more)]


@pytest.fixture
def talks(catalog):
    put(catalog, "default--talk-0123456789", SAID)
    return catalog


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("signal", {0, 1}),
        ("SIGNAL waves", {1}),
        ('"a signal"', {0, 1}),
        ('"signal a"', set()),
        ('"signal is a sum"', {1}),
        ("freq*", {1}),
        ("freq", set()),
        ('"sum of wav*"', {1}),
        ("ecole", {2}),
        ("ÉCOLE besancon lukasz strasse istanbul", {2}),
        ("天气", {3}),
        ("今天天气", {3}),
        ("公园 天气", {3}),
        ("气", {3}),
        ("步", {3}),
        ("天今", set()),
        ('"很好 我们"', {3}),
        ("ภาษา", {4}),
        ("ช่องว่าง", {4}),
        ("検索", {5}),
        ("ガイド", {5}),
        ("한국", {6}),
        ("나라", {6}),
        ("हिन्दी", {7}),
        ("लर्निंग मशीन", {7}),
        ("c++17", {8}),
        ("c17", set()),
        ("C++", {8}),
        ("don't", {8}),
        ("3.5", {8}),
        ("me@example.org", {8}),
        ("اهلا", {9}),
        ("“a signal”", {0, 1}),
    ],
)
def test_it_finds_what_is_asked_for(talks, question, found):
    assert set(texts(talks, question)) == {SAID[k] for k in found}


@pytest.mark.parametrize(
    "question",
    [
        "",
        " ",
        "*",
        '"',
        '""',
        '"*"',
        "***",
        "AND",
        "signal AND",
        "NOT signal",
        "NEAR(signal, 2)",
        "terms:signal",
        "- signal",
        "signal)",
        "(signal",
        "^signal",
        "signal'",
        "'; DROP TABLE sentences; --",
        "sig\\nal",
        "signal \x00",
        "signal <-> a",
        "signal:*",
        "signal & !a",
        "\ud800",
        "%",
        "§cdefault",
        "a" * 10_000,
        "a " * 5_000,
        '"' * 999,
    ],
)
def test_no_question_is_wrong(talks, question):
    assert isinstance(talks.search.find(question, 5, channels={"default"}), list)


def test_no_text_at_all_is_wrong(talks):
    @settings(max_examples=100)
    @given(question=st.text(max_size=60))
    def ask(question):
        talks.search.find(question, 5, channels={"default"})

    ask()


@pytest.mark.parametrize("said", SAID)
def test_every_part_of_a_text_is_found_as_a_phrase(talks, said):
    words = said.split()
    for k in range(len(words)):
        part = " ".join(words[k : k + 3]).replace('"', "")
        if phrases_of(f'"{part}"'):
            assert said in texts(talks, f'"{part}"'), part


def test_highlights_are_where_the_words_are(talks):
    [match] = talks.search.find('waves "each wave"', 5, channels={"default"})
    shown = [match.text[a:z] for a, z in match.highlights]
    assert shown == ["waves", "each wave"]
    [match] = talks.search.find("天气很好", 5, channels={"default"})
    assert [match.text[a:z] for a, z in match.highlights] == ["天气很好"]
    [match] = talks.search.find("ecole", 5, channels={"default"})
    assert [match.text[a:z] for a, z in match.highlights] == ["école"]
    assert (match.start_s, match.end_s, match.kind) == (2.0, 3.5, SearchKind.TRANSCRIPT)
    assert match.title == "talk"


def test_what_says_it_more_closely_comes_first(catalog):
    put(
        catalog,
        "default--talk-0123456789",
        [
            "Waves are long and the sum that one makes of them is a signal " + "of sorts " * 20,
            "Signal and waves.",
            "Signal waves.",
        ],
    )
    assert texts(catalog, "signal waves")[:2] == ["Signal waves.", "Signal and waves."]


def test_filters_by_channel_kind_and_video(talks):
    put(talks, "other--talk-0123456789", ["A signal elsewhere."])
    put(talks, "default--next-0123456789", ["Another signal."])
    put(talks, "default--talk-0123456789", ["About a signal"], kind=SearchKind.SEGMENT)
    assert len(texts(talks, "signal")) == 4
    assert len(texts(talks, "signal", channels={"default", "other"})) == 5
    assert texts(talks, "signal", channels={"other"}) == ["A signal elsewhere."]
    assert texts(talks, "signal", channels=set()) == []
    assert texts(talks, "signal", kind=SearchKind.SEGMENT) == ["About a signal"]
    assert texts(talks, "signal", video_id="default--next-0123456789") == ["Another signal."]


def test_channels_whose_names_differ_by_signs_are_apart(catalog):
    put(catalog, "a_b--talk-0123456789", ["one signal"])
    put(catalog, "a-b--talk-0123456789", ["two signal"])
    assert texts(catalog, "signal", channels={"a-b"}) == ["two signal"]
    assert texts(catalog, "signal", channels={"a_b"}) == ["one signal"]


def test_a_transcript_that_is_made_again_replaces_its_rows(talks):
    put(talks, "default--talk-0123456789", ["Quite another text."])
    assert texts(talks, "signal") == []
    assert texts(talks, "quite") == ["Quite another text."]
    assert talks.search.count() == 1


def test_a_retired_video_is_found_no_more(talks):
    put(talks, "default--talk-0123456789", ["About a signal"], kind=SearchKind.SEGMENT)
    talks.retire_video("default--talk-0123456789")
    assert texts(talks, "signal") == []
    assert talks.search.count() == 0


def test_the_index_goes_with_a_video(talks):
    with talks.writing() as session:
        session.execute(text("DELETE FROM analytics_changes"))
        session.execute(text("DELETE FROM requests"))
        session.execute(text("DELETE FROM videos"))
    assert texts(talks, "signal") == []
    if talks.embedded:
        with talks.session() as session:
            check = "INSERT INTO sentence_terms(sentence_terms, rank) VALUES ('integrity-check', 1)"
            session.execute(text(check))


def test_pages_hold_everything_once_in_order(catalog, monkeypatch):
    monkeypatch.setattr(search, "WINDOW", 40)
    put(catalog, "default--talk-0123456789", [f"signal {'x ' * (k % 7)}" for k in range(130)])
    seen, after = [], None
    while page := catalog.search.find("signal", 9, channels={"default"}, after=after):
        seen += page
        after = page[-1].place
        # What comes in meanwhile moves nothing.
        put(catalog, f"default--n{len(seen)}-0123456789", ["signal"])
    assert len(seen) == len({m.id for m in seen}) == 130
    newest = [m.rank for m in seen[:40]]
    assert newest == sorted(newest, reverse=True)


def many(catalog, videos=60, sentences=100):
    for k in range(videos):
        said = [f"common words w{k * 31 + i} here" for i in range(sentences)]
        put(catalog, f"default--v{k}-0123456789", said)
    if not catalog.embedded:
        with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as bare:
            bare.execute(text("ANALYZE sentences"))


def test_the_database_uses_its_index(catalog):
    many(catalog)
    explain = "EXPLAIN QUERY PLAN " if catalog.embedded else "EXPLAIN "
    for question in ("w77", '"words w77"', "w77*"):
        query = catalog.search.statement(question, {"default"})
        compiled = query.compile(catalog.engine, compile_kwargs={"render_postcompile": True})
        with catalog.engine.connect() as connection:
            plan = "\n".join(
                " ".join(map(str, row))
                for row in connection.exec_driver_sql(explain + str(compiled), _bound(compiled))
            )
        if catalog.embedded:
            assert "sentence_terms VIRTUAL TABLE INDEX" in plan, (question, plan)
            assert "SCAN sentences" not in plan, (question, plan)
        else:
            assert "ix_sentences_terms" in plan, (question, plan)
            assert "Seq Scan on sentences" not in plan, (question, plan)


def _bound(compiled):
    if compiled.positional:
        return tuple(compiled.params[name] for name in compiled.positiontup)
    return dict(compiled.params)
