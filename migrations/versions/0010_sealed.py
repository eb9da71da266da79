"""what is about a customer is sealed

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CHILDREN = (
    "webhook_delivery", "session_code", "participant", "session_guest", "session_invitation", "session_note", "event",
    "legal_hold", "session", "relay_command", "remembered_answer", "outbound_mail",
)  # fmt: skip
"""What has columns that cannot be sealed here, and what refers to it. Nothing was released with those columns."""
SEALED = {
    "session": ("reference_url_sealed", "metadata_sealed", "reason_sealed", "note_sealed", "closing_reason_sealed"),
    "event": ("data_sealed",),
    "relay_command": ("reason_sealed",),
}
PLAIN = {
    "session": {"reference_url": sa.String(), "note": sa.String(), "closing_reason": sa.String()},
    "relay_command": {"reason": sa.String()},
}
NEEDED = {"session": {"metadata": sa.JSON()}, "event": {"data": sa.JSON()}, "session_note": {"text": sa.String()}}
"""As it was: not null."""


def _clear() -> None:
    for name in CHILDREN:
        op.execute(sa.delete(sa.table(name)))


def upgrade() -> None:
    _clear()
    for table in ("session", "event", "relay_command", "session_note"):
        with op.batch_alter_table(table) as batch:
            for name in (*PLAIN.get(table, ()), *NEEDED.get(table, ())):
                batch.drop_column(name)
            for name in SEALED.get(table, ()):
                batch.add_column(sa.Column(name, sa.LargeBinary(), nullable=True))
            if table == "session_note":
                batch.add_column(sa.Column("text_sealed", sa.LargeBinary(), nullable=False))
    for table in ("remembered_answer", "outbound_mail"):
        op.add_column(table, sa.Column("organization_id", sa.String(), nullable=True))
    op.drop_index("ix_session_note_organization_id", "session_note")
    op.create_index("ix_session_note_organization_id_id", "session_note", ["organization_id", "id"])


def downgrade() -> None:
    _clear()
    op.drop_index("ix_session_note_organization_id_id", "session_note")
    op.create_index("ix_session_note_organization_id", "session_note", ["organization_id"])
    for table in ("outbound_mail", "remembered_answer"):
        op.drop_column(table, "organization_id")
    for table in ("session_note", "relay_command", "event", "session"):
        with op.batch_alter_table(table) as batch:
            if table == "session_note":
                batch.drop_column("text_sealed")
            for name in SEALED.get(table, ()):
                batch.drop_column(name)
            for name, kind in PLAIN.get(table, {}).items():
                batch.add_column(sa.Column(name, kind, nullable=True))
            for name, kind in NEEDED.get(table, {}).items():
                batch.add_column(sa.Column(name, kind, nullable=False))
