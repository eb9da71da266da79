"""Bodies of retention."""

from datetime import datetime

from pydantic import Field

from api.kit.schema import View


class Due(View):
    """What is over its time at this moment."""

    sessions: int = Field(description="Ended sessions that go with the next purge.", examples=[132])
    held_sessions: int = Field(description="Those that a legal hold keeps.", examples=[2])
    audit_events: int = Field(description="Lines of the administrative log.", examples=[411])


class LastPurge(View):
    """The newest purge, which may still be going on."""

    before: datetime = Field(description="What had ended before this went.", examples=["2025-11-30T02:00:00Z"])
    started_at: datetime
    finished_at: datetime | None = None
    sessions: int = Field(examples=[128])
    events: int = Field(examples=[1190])
    audit_events: int = Field(examples=[402])
    customers: int = Field(description="Customers whose last session went, and their keys with it.", examples=[31])


class RetentionView(View):
    """How long records are kept, what goes next and what went last."""

    months: int | None = Field(description="As it is set; null: for ever.", examples=[12])
    before: datetime | None = Field(
        description="What ended before this is over its time.", examples=["2025-12-01T09:00:00Z"]
    )
    next_at: datetime | None = Field(description="Not before this is the next purge; null: never.")
    due: Due
    oldest_ended_at: datetime | None = Field(
        default=None,
        description="When the session ended that is kept for the longest.",
        examples=["2025-12-01T10:00:00Z"],
    )
    last: LastPurge | None = None
