from pathlib import Path

import pytest
from eval_fakes import row

from core.errors import ConfigurationError
from evals.gates import Gates, check, load_gates
from evals.metrics import Estimate
from evals.summary import summarise

METRICS = {"recall_at_5": Estimate(0.8), "foreign_citations": Estimate(0.0), "mrr": Estimate(None)}


@pytest.mark.parametrize(
    ("gates", "passed"),
    [
        (Gates(minimum={"recall_at_5": 0.8}), True),
        (Gates(minimum={"recall_at_5": 0.81}), False),
        (Gates(maximum={"foreign_citations": 0}), True),
        (Gates(maximum={"recall_at_5": 0.7}), False),
        (Gates(minimum={"mrr": 0.5}), True),
    ],
)
def test_bounds_are_inclusive_and_the_unmeasured_passes(gates: Gates, passed: bool) -> None:
    assert [verdict.passed for verdict in check(gates, METRICS)] == [passed]


def test_a_misspelt_gate_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="recal_at_5"):
        check(Gates(minimum={"recal_at_5": 0.8}), METRICS)


def test_the_shipped_gates_fail_a_single_foreign_citation_and_a_single_broken_quote() -> None:
    gates = load_gates()
    assert all(verdict.passed for verdict in check(gates, summarise([row()])))
    foreign = summarise([*[row()] * 400, row(foreign_citations=1)])
    broken = summarise([*[row()] * 400, row(broken_quotes=1)])
    assert [v.metric for v in check(gates, foreign) if not v.passed] == ["foreign_citations"]
    assert [v.metric for v in check(gates, broken) if not v.passed] == ["quote_integrity"]


@pytest.mark.parametrize("text", ["[minimum", "[average]\nmrr = 1", "[minimum]\nmrr = 'high'"])
def test_a_bad_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "gates.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"gates\.toml"):
        load_gates(file)
