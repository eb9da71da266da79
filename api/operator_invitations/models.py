"""Tables of operators' invitations."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from api.kit.columns import UtcDateTime


class OperatorInvitation(SQLModel, table=True):
    """The newest invitation of an operator, by the SHA-256 of its token. Gone once it was used or replaced."""

    __tablename__ = "operator_invitation"

    operator_id: str = Field(primary_key=True, foreign_key="operator.id")
    digest: str = Field(unique=True)
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
