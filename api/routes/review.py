"""The review page: static files, no data."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

FOLDER = Path(__file__).parent.parent / "review"

router = APIRouter(include_in_schema=False)


@router.head("/review")
@router.get("/review")
async def page() -> FileResponse:
    return FileResponse(FOLDER / "index.html", headers={"Cache-Control": "no-cache"})
