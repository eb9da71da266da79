"""history: clients of participants, files, indexes by time, runs of the purge

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("participant", sa.Column("client_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("session", sa.Column("files", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_session_organization_id_created_at_id", "session", ["organization_id", "created_at", "id"])
    op.create_index("ix_session_organization_id_ended_at_id", "session", ["organization_id", "ended_at", "id"])
    op.drop_index("ix_event_organization_id", "event")
    op.create_index("ix_event_organization_id_time_id", "event", ["organization_id", "time", "id"])
    op.create_table(
        "retention_run",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sessions", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("audit_events", sa.BigInteger(), nullable=False),
        sa.Column("customers", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.PrimaryKeyConstraint("organization_id"),
    )


def downgrade() -> None:
    op.drop_table("retention_run")
    op.drop_index("ix_event_organization_id_time_id", "event")
    op.create_index("ix_event_organization_id", "event", ["organization_id"])
    op.drop_index("ix_session_organization_id_ended_at_id", "session")
    op.drop_index("ix_session_organization_id_created_at_id", "session")
    with op.batch_alter_table("session") as table:
        table.drop_column("files")
    with op.batch_alter_table("participant") as table:
        table.drop_column("client_sealed")
