"""Bounds that a run must keep, from gates.toml or an operator's own file."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import ConfigurationError
from evals.summary import Metrics

SHIPPED = Path(__file__).with_name("gates.toml")


class Gates(BaseModel):
    """By metric."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum: dict[str, float] = {}
    maximum: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One bound, checked. `value` is None where the run measured nothing of the kind: reported, and no failure."""

    metric: str
    value: float | None
    bound: float
    is_minimum: bool

    @property
    def passed(self) -> bool:
        if self.value is None:
            return True
        return self.value >= self.bound if self.is_minimum else self.value <= self.bound

    def __str__(self) -> str:
        shown = "not measured" if self.value is None else f"{self.value:.3f}"
        return f"{self.metric} {shown}, {'at least' if self.is_minimum else 'at most'} {self.bound:g} wanted"


def load_gates(file: Path = SHIPPED) -> Gates:
    """Raises `ConfigurationError` where the file is no such TOML."""
    try:
        return Gates.model_validate(tomllib.loads(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigurationError(f"{file} holds no gates: {error}") from None


def check(gates: Gates, metrics: Metrics) -> Sequence[Verdict]:
    """A verdict for every bound. Raises `ConfigurationError` where one names no metric: a misspelt gate guards nothing."""
    unknown = sorted({*gates.minimum, *gates.maximum} - set(metrics))
    if unknown:
        raise ConfigurationError(
            f"the gates name unknown metrics: {', '.join(unknown)}; there are {', '.join(metrics)}"
        )
    minimum = [Verdict(name, metrics[name].value, bound, True) for name, bound in gates.minimum.items()]
    maximum = [Verdict(name, metrics[name].value, bound, False) for name, bound in gates.maximum.items()]
    return [*maximum, *minimum]
