"""What every request body has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, field_validator


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def _without_nul(cls, value: object) -> object:
        """NUL says nothing in a text, and PostgreSQL takes it in none."""
        if isinstance(value, str):
            return value.replace("\x00", "")
        return [cls._without_nul(item) for item in value] if isinstance(value, list) else value
