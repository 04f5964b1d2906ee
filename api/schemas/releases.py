"""Releases, golden questions, confidence, grants and profiles on the wire."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, Field

from answers.calibration import Calibration, Fitted
from api.schemas.base import Body
from core.grants import Grant
from evals.golden_store import GoldenView
from ingest.release_views import ReleaseView


class ReleaseIn(Body):
    note: str = Field("", max_length=2000)
    override_reason: str | None = Field(
        None, min_length=1, max_length=2000, description="publish although the gate blocks, for this reason; audited"
    )
    dry_run: bool = Field(False, description="show what would change and what the gate says, and publish nothing")


class ReleasesOut(BaseModel):
    releases: list[ReleaseView]


class GoldenOut(BaseModel):
    questions: list[GoldenView]


class CollectIn(Body):
    keep: int | None = Field(None, ge=1, le=10_000, description="newest releases that stay; as configured if absent")


class GoldenIn(Body):
    questions: list[dict[str, Any]] = Field(
        min_length=1,
        description="as the lines of a golden.jsonl: id, question, kind, audience, gold, filters",
        examples=[
            [
                {
                    "id": "printer-001",
                    "question": "The receipt printer prints nothing. What now?",
                    "kind": "answerable",
                    "audience": "partner",
                    "gold": [{"source": "printer.md", "quote": "Switch the printer off for ten seconds."}],
                }
            ]
        ],
    )
    replace: bool = Field(False, description="all other questions go")


class GateLimitsPatch(Body):
    """Fields that are absent stay."""

    max_broken: int | None = Field(
        None, ge=0, le=1_000_000, description="questions that pass now and may fail after a publish"
    )
    min_pass: float | None = Field(None, ge=0, le=1, description="share of the questions that must pass after it")


class RiskIn(Body):
    accepted_risk: float = Field(gt=0, le=0.5, description="share of the answers that may be wrong", examples=[0.05])


class CalibrationOut(BaseModel):
    """How sure the copilot must be. `curve` tells for each threshold which share of the golden questions is answered and which
    share of those answers is wrong; the fields about the fit are absent where the shipped estimate is in force."""

    threshold: float = Field(description="confidence below which the copilot abstains")
    accepted_risk: float | None = None
    coefficients: dict[str, float]
    fitted: Fitted | None = None

    @classmethod
    def of(cls, calibration: Calibration) -> CalibrationOut:
        return cls(
            threshold=calibration.threshold,
            accepted_risk=calibration.accepted_risk,
            coefficients=calibration.coefficients.as_dict(),
            fitted=calibration.fitted,
        )


class GrantIn(Body):
    corpus: str = Field(min_length=1, max_length=100, description="one of the own corpora", examples=["shared"])
    grantee: str = Field(min_length=1, max_length=63, description="the other tenant's name", examples=["stitchwell"])
    expires_at: AwareDatetime | None = Field(None, description="when it ends by itself; never if absent")


class GrantsOut(BaseModel):
    given: list[Grant]
    received: list[Grant]


class ProfilePatch(Body):
    """Fields that are absent stay; an empty text takes one back."""

    product: str | None = Field(None, max_length=200, examples=["Corvane Retail"])
    version: str | None = Field(None, max_length=20, examples=["7.2"])
    module: str | None = Field(None, max_length=200)
    region: str | None = Field(None, max_length=200, examples=["Germany"])
