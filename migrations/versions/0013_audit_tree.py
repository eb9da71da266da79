"""the log's tree: digests of details, positions, checkpoints, deletions; webhooks that are about no session

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Sealed without a salt, which nothing reads; nothing was released with those.
    op.execute(sa.delete(sa.table("audit_event")))
    with op.batch_alter_table("audit_event") as table:
        table.add_column(sa.Column("digest", sa.LargeBinary(), nullable=False))
    op.create_table(
        "audit_entry",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.PrimaryKeyConstraint("organization_id", "position"),
        sa.UniqueConstraint("event_id"),
    )
    op.create_table(
        "audit_node",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.PrimaryKeyConstraint("organization_id", "level", "number"),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("nodes", sa.LargeBinary(), nullable=False),
        sa.Column("signed", sa.String(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("witnessed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proof", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.PrimaryKeyConstraint("organization_id", "size"),
    )
    op.create_table(
        "audit_pruning",
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("nodes", sa.LargeBinary(), nullable=False),
        sa.Column("signed", sa.String(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.PrimaryKeyConstraint("organization_id", "size"),
    )
    with op.batch_alter_table("webhook_delivery") as table:
        table.alter_column("session_id", existing_type=sa.String(), nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM webhook_delivery WHERE session_id IS NULL")
    with op.batch_alter_table("webhook_delivery") as table:
        table.alter_column("session_id", existing_type=sa.String(), nullable=False)
    for name in ("audit_pruning", "audit_checkpoint", "audit_node", "audit_entry"):
        op.drop_table(name)
    with op.batch_alter_table("audit_event") as table:
        table.drop_column("digest")
