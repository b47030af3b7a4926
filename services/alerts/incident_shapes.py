"""The JSON about what went wrong: data defects, suspended keys, dead letters."""

from typing import Annotated

from pydantic import Field, model_validator

from services.alerts.shapes import BaseModel, Id, Instant, PageQuery, Strict, Words

Number = Annotated[int, Field(ge=1, lt=1 << 63)]


class DefectOut(BaseModel):
    """What an institution sent that contradicts itself. Never evidence. advice: what its integrator does."""

    defect_id: str
    open: bool
    institution_id: str
    event_id: str
    code: str
    path: str
    message: Words
    advice: Words
    first_at: str
    changed_at: str


class DefectPage(BaseModel):
    """Data defects, newest first."""

    items: list[DefectOut]
    next_cursor: str | None


class DefectSum(BaseModel):
    """Defects of one kind in one field of one institution's feed: how many stand, how many were mended since,
    when the first and the last came, one event as an example. Of `placeholder_person`: in how many suspended
    ids the institution has a part."""

    institution_id: str
    path: str
    code: str
    open: int
    mended: int
    first_at: str
    last_at: str
    event_id: str
    message: Words
    advice: Words


class DefectSummary(BaseModel):
    """Defects by institution, field and code, those with most open ones first."""

    items: list[DefectSum]
    next_cursor: str | None


class DefectQuery(PageQuery):
    """Which data defects; what is left out filters nothing."""

    institution: list[Id] = Field([], description="Of these institutions.")
    code: list[Id] = Field([], description="Of these kinds.")
    field: list[Id] = Field([], description="In these fields, as JSON Pointers: `/amounts/total`.")
    open: bool | None = Field(None, description="true: that stand; false: that were mended.")
    since: Instant | None = Field(None, description="Last changed at or after.")


class ShareOut(BaseModel):
    """How many live facts of a suspended key an institution sent, and the event that brought the last."""

    institution_id: str
    facts: int
    event_id: str


class SuspendedOut(BaseModel):
    """A person id that stands for many and is not judged. key: its pseudonym; institutions: who sent its
    facts, as they stood when it was suspended."""

    key: str
    since: str
    institutions: list[ShareOut]
    why: Words
    ends: Words


class SuspendedPage(BaseModel):
    """Suspended keys, newest first."""

    items: list[SuspendedOut]
    next_cursor: str | None


class SuspendedQuery(PageQuery):
    """Which suspended keys."""

    institution: Id | None = Field(None, description="Those that this institution sent facts of.")


class DeadLetterOut(BaseModel):
    """An entry that could not be judged and waits, or was sent back at `retried_at`. reason: the function and
    line that raised; error: the kind of error; about: rule and month of a letter of stage `period`."""

    id: int
    stage: str
    about: str
    error: str
    reason: str
    seq: int
    request_id: str
    received_at: str
    at: str
    retried_at: str | None
    what: Words
    next: Words


class DeadLetterPage(BaseModel):
    """Dead letters, newest first."""

    items: list[DeadLetterOut]
    next_cursor: str | None


class DeadLetterQuery(PageQuery):
    """Which dead letters."""

    retried: bool = Field(False, description="Those that were sent back too.")
    stage: Id | None = Field(None, description="Of this stage.")


class RetryLetters(Strict):
    """Which dead letters go back: by their numbers, or all that wait."""

    ids: list[Number] | None = Field(None, min_length=1, max_length=1_000)
    all: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> "RetryLetters":
        if self.all == (self.ids is not None):
            raise ValueError('name "ids", or "all": true')
        return self


class RetrySuspended(Strict):
    """Which suspended keys are judged again: by their names, or all."""

    keys: list[Id] | None = Field(None, min_length=1, max_length=1_000)
    all: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> "RetrySuspended":
        if self.all == (self.keys is not None):
            raise ValueError('name "keys", or "all": true')
        return self


class Retried(BaseModel):
    """How many were sent back into judgement."""

    retried: int
