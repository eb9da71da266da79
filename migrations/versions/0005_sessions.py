"""sessions

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LIVE = "ended_at IS NULL"
PARTIAL = (
    ("ix_session_reference", ["organization_id", "reference_id", "id"], "reference_id IS NOT NULL"),
    ("ix_session_customer", ["organization_id", "customer_lookup", "id"], "customer_lookup IS NOT NULL"),
    ("ix_session_live_operator", ["operator_id"], LIVE),
    ("ix_session_live_organization", ["organization_id"], LIVE),
    ("ix_session_limit", ["ends_at"], LIVE),
    ("ix_session_queue", ["organization_id", "claimed_at", "id"], f"operator_id IS NULL AND {LIVE}"),
)
"""Indexes of `session` with the rows that are in them."""
NAMES = {"uq": "uq_%(table_name)s_%(column_0_N_name)s"}
"""How SQLite's unnamed constraints are called here."""


def upgrade() -> None:
    for name in ("operator_id", "reference_id", "ends_at"):
        op.drop_index(f"ix_session_{name}", "session")
    with op.batch_alter_table("session") as table:
        table.alter_column("operator_id", existing_type=sa.String(), nullable=True)
        table.add_column(sa.Column("queued", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("language", sa.String(), nullable=True))
        table.add_column(sa.Column("customer_lookup", sa.String(), nullable=True))
        table.add_column(sa.Column("closing_reason", sa.String(), nullable=True))
        table.add_column(sa.Column("stated_operator_id", sa.String(), nullable=True))
    op.execute("UPDATE session SET stated_operator_id = operator_id")
    with op.batch_alter_table("session") as table:
        table.alter_column("queued", server_default=None)
    for name, columns, where in PARTIAL:
        some = sa.text(where)
        op.create_index(name, "session", columns, sqlite_where=some, postgresql_where=some)
    op.create_index("ix_session_operator_id_id", "session", ["operator_id", "id"])
    op.create_index("ix_session_organization_id_state_id", "session", ["organization_id", "state", "id"])
    op.add_column("session_code", sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("relay_command", sa.Column("sender", sa.Integer(), nullable=True))
    _participants()
    _tables()


def _participants() -> None:
    """An operator can come back as somebody new after having been sent out."""
    with op.batch_alter_table("participant", naming_convention=NAMES) as table:
        table.add_column(sa.Column("mode", sa.String(), nullable=True))
        table.add_column(sa.Column("features", sa.JSON(), nullable=True))
        table.add_column(sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
        table.drop_constraint(_one_per_operator(), type_="unique")
    op.create_index("ix_participant_removed_at", "participant", ["removed_at"])
    present = sa.text("removed_at IS NULL")
    op.create_index(
        "uq_participant_present",
        "participant",
        ["session_id", "operator_id"],
        unique=True,
        sqlite_where=present,
        postgresql_where=present,
    )


def _one_per_operator() -> str:
    if op.get_bind().dialect.name == "sqlite":
        return "uq_participant_session_id_operator_id"
    return "participant_session_id_operator_id_key"


def _tables() -> None:
    op.create_table(
        "session_guest",
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("invited_by", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"]),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("session_id", "operator_id"),
    )
    op.create_index("ix_session_guest_operator_id_session_id", "session_guest", ["operator_id", "session_id"])
    op.create_table(
        "session_note",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("author_id", sa.String(), nullable=False),
        sa.Column("author_name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_session_note_session_id_id", "session_note", ["session_id", "id"])
    op.create_index("ix_session_note_organization_id", "session_note", ["organization_id"])
    op.create_table(
        "session_invitation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_session_invitation_session_id_id", "session_invitation", ["session_id", "id"])
    op.create_table(
        "failure_count",
        sa.Column("budget", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("budget", "key", "bucket"),
    )
    op.create_index("ix_failure_count_bucket", "failure_count", ["bucket"])
    op.create_table(
        "alarm",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    """Sessions that nobody has picked up go: before, every session had an operator."""
    for table in ("alarm", "failure_count", "session_invitation", "session_note", "session_guest"):
        op.drop_table(table)
    _forget_what_did_not_fit()
    op.drop_index("uq_participant_present", "participant")
    op.drop_index("ix_participant_removed_at", "participant")
    with op.batch_alter_table("participant") as table:
        for name in ("removed_at", "features", "mode"):
            table.drop_column(name)
        table.create_unique_constraint(_one_per_operator(), ["session_id", "operator_id"])
    op.drop_column("relay_command", "sender")
    op.drop_column("session_code", "starts_at")
    for name in (*(name for name, _, _ in PARTIAL), "ix_session_operator_id_id", "ix_session_organization_id_state_id"):
        op.drop_index(name, "session")
    with op.batch_alter_table("session") as table:
        for name in ("stated_operator_id", "closing_reason", "customer_lookup", "language", "queued"):
            table.drop_column(name)
        table.alter_column("operator_id", existing_type=sa.String(), nullable=False)
    for name in ("operator_id", "reference_id", "ends_at"):
        op.create_index(f"ix_session_{name}", "session", [name])


def _forget_what_did_not_fit() -> None:
    queued = "(SELECT id FROM session WHERE operator_id IS NULL)"
    for table in ("webhook_delivery", "session_code", "participant", "event"):
        op.execute(f"DELETE FROM {table} WHERE session_id IN {queued}")  # noqa: S608 - names of ours
    op.execute("DELETE FROM session WHERE operator_id IS NULL")
    op.execute("DELETE FROM participant WHERE removed_at IS NOT NULL")
