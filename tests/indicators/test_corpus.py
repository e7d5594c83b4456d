"""How well texts become rows, measured on the corpus and beside ioc-finder."""

from collections import Counter

import pytest

from events.indicators import extract, normalise
from tests.indicators.corpus import samples, score
from tests.indicators.extractors import engine, yardstick

SAMPLES = samples()


@pytest.mark.parametrize("part", ["first", "held out", "later"])
def test_98_percent_of_values_and_kinds_are_right_and_at_most_2_percent_false(part):
    result = score([sample for sample in SAMPLES if sample.part == part], engine)
    assert result.recall >= 0.98
    assert result.false_share <= 0.02


@pytest.mark.parametrize(
    "sample",
    [sample for sample in SAMPLES if not sample.rows],
    ids=lambda sample: f"line{sample.number}",
)
def test_text_without_indicators_yields_none(sample):
    assert engine(sample.text) == frozenset()


def test_the_engine_is_ahead_of_ioc_finder_in_both_respects():
    ours, theirs = score(SAMPLES, engine), score(SAMPLES, yardstick)
    assert ours.recall > theirs.recall
    assert ours.false_share < theirs.false_share


def test_the_corpus_is_large_and_varied():
    styles = Counter(sample.style for sample in SAMPLES)
    assert len(SAMPLES) >= 300
    assert {"prose", "log", "csv", "list", "defang", "email", "markdown"} <= set(styles)
    assert {"german", "french", "tweet", "code", "hostile"} <= set(styles)
    assert sum(not sample.rows for sample in SAMPLES) >= 50
    assert len({sample.text for sample in SAMPLES}) == len(SAMPLES)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"line{sample.number}")
def test_every_row_is_normal_seen_in_the_text_and_counted(sample):
    extraction = extract(sample.text)
    for row in extraction.rows:
        assert normalise(row.kind, row.value) == row.value
        assert row.seen
        assert row.seen in sample.text
    assert extraction.found == sum(row.count for row in extraction.rows)
    assert extraction.dropped == 0
