"""Tiers and configurations: one code path at three sizes.

A configuration is frozen and validated. Its field defaults are the `paper` tier (the paper's own sizes); the class
variables `book` and `smoke` list what the smaller tiers change, and nothing else. Pydantic checks types and ranges,
which a bare dataclass would not.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from mmcl_core.errors import InputError, shortened, unknown
from mmcl_core.lab.kinds import kind

LARGEST = 10**15  # a count beyond it is a slip of the hand, and beyond 64 bits no library takes it
SMALLEST = 1e-15  # sizes below it, and above LARGEST, end in powers that double precision cannot hold


class Tier(StrEnum):
    """`smoke` takes seconds and serves the tests, `book` is what the site shows, `paper` is the paper's own size."""

    smoke = "smoke"
    book = "book"
    paper = "paper"

    @classmethod
    def parse(cls, name: str) -> Self:
        """The tier called `name`; `InputError` for any other word."""
        try:
            return cls(name)
        except ValueError:
            raise unknown("tier", name, [t.value for t in cls]) from None

    @property
    def rank(self) -> int:
        """0, 1, 2 in growing size, so that a claim can ask for at least some tier."""
        return list(type(self)).index(self)


class Config(BaseModel):
    """Base of every experiment's configuration. Each field's description names the paper's section and value."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    book: ClassVar[dict[str, Any]] = {}
    smoke: ClassVar[dict[str, Any]] = {}

    seeds: int = Field(5, ge=1, le=10_000, description="number of seeds, 0 to seeds-1")

    @field_validator("*", mode="before")
    @classmethod
    def _a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Python takes true for 1; a configuration does not, nor a count that nothing could hold."""
        if "bool" not in str(cls.model_fields[str(info.field_name)].annotation):
            for part in value if isinstance(value, list | tuple) else (value,):
                if isinstance(part, bool):
                    raise ValueError("true and false are no numbers")
                if isinstance(part, int) and abs(part) > LARGEST:
                    raise ValueError("the number is larger than anything can hold")
        return value

    @field_validator("*", mode="after")
    @classmethod
    def _a_size(cls, value: Any) -> Any:
        """After the field's own limits: a number that would be computed with, and whose results would mean nothing."""
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, tuple):
                cls._a_size(part)
            elif isinstance(part, float) and part and not SMALLEST <= abs(part) <= LARGEST:
                raise ValueError(f"a size other than 0 must lie between {SMALLEST:g} and {LARGEST:g}")
        return value

    @classmethod
    def at(cls, tier: Tier | str, **overrides: Any) -> Self:
        """The configuration at `tier` with `overrides` on top.

        Raises
        ------
        InputError
            For an unknown field, a value of the wrong type or range, or a tier table that repeats a default
            (a stale override hides the next change of that default).
        """
        tier = Tier.parse(tier)
        defaults = {name: field.default for name, field in cls.model_fields.items()}
        table = {Tier.paper: {}, Tier.book: cls.book, Tier.smoke: cls.smoke}[tier]
        for name, value in table.items():
            if name in defaults and defaults[name] == value:
                raise InputError(
                    f"{cls.__name__}.{tier} overrides '{name}' with its own value {value!r}: remove that line"
                )
        for name in (*table, *overrides):
            if name not in defaults:
                raise unknown(f"field of {cls.__name__}", name, defaults)
        try:
            return cls(**(table | overrides))
        except ValidationError as error:
            first = error.errors()[0]
            if not first["loc"]:  # a rule about several fields, which says itself what is wrong
                raise InputError(f"{cls.__name__}: {first['msg'].removeprefix('Value error, ')}") from None
            name = str(first["loc"][0])
            said = kind(cls.model_fields[name].annotation) if name in cls.model_fields else "none"
            raise InputError(
                f"Field '{name}' of {cls.__name__} cannot be {shortened(repr(first['input']))}: "
                f"{shortened(first['msg'].removeprefix('Value error, ').lower(), 100)} "
                f"(type {shortened(said)}, default {shortened(repr(defaults.get(name)))})"
            ) from None

    def values(self) -> dict[str, Any]:
        """The fields as plain JSON values, without `seeds` (the store keys the seeds themselves)."""
        return self.model_dump(mode="json", exclude={"seeds"})
