"""Commands for how sure the copilot must be before it answers."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from cli.common import AsJson, Tenant, called, out, print_json

confidence = typer.Typer(no_args_is_help=True, help="Fit a tenant's confidence, and say which risk it accepts.")

_SHOWN = 12


@confidence.command("show")
def show(tenant: Tenant, as_json: AsJson = False) -> None:
    """Show the threshold in force, and what others would answer and get wrong."""
    _say(called(tenant, "GET", "/v1/confidence"), as_json=as_json)


@confidence.command("fit")
def fit(tenant: Tenant, as_json: AsJson = False) -> None:
    """Fit on the tenant's golden questions, against what is live. An accepted risk stays; its threshold follows the new curve."""
    _say(called(tenant, "POST", "/v1/confidence/fit", patient=True), as_json=as_json)


@confidence.command("accept")
def accept(
    risk: Annotated[
        float, typer.Argument(min=0.001, max=0.5, help="Share of answers that may be wrong, such as 0.05.")
    ],
    tenant: Tenant,
    as_json: AsJson = False,
) -> None:
    """Accept a risk: the copilot then answers wherever the fitted curve keeps it."""
    _say(called(tenant, "PUT", "/v1/confidence/risk", {"accepted_risk": risk}), as_json=as_json)


@confidence.command("reset")
def reset(tenant: Tenant, as_json: AsJson = False) -> None:
    """Go back to the shipped estimate and the installation's threshold."""
    _say(called(tenant, "DELETE", "/v1/confidence"), as_json=as_json)


def _say(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    risk, fitted = found["accepted_risk"], found["fitted"]
    out.print(
        f"answers from a confidence of {found['threshold']:.2f}" + (f", accepting {risk:.1%} wrong" if risk else "")
    )
    if fitted is None:
        out.print("by the shipped estimate; 'partner-copilot confidence fit' fits it on the tenant's golden questions")
        return
    out.print(
        f"fitted {fitted['fitted_at'][:10]} on {fitted['questions']} golden questions; cross-fitted AUROC"
        f" {fitted['auroc']:.2f}, calibration error {fitted['calibration_error']:.2f}"
    )
    table = Table("threshold", "answered", "of these wrong")
    curve = fitted["curve"]
    for point in curve[:: max(1, len(curve) // _SHOWN)]:
        table.add_row(f"{point['threshold']:.2f}", f"{point['coverage']:.0%}", f"{point['risk']:.1%}")
    out.print(table)
