"""policies

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policy",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organization_id", "name"),
    )
    op.create_index("ix_policy_organization_id", "policy", ["organization_id"])
    op.add_column("organization", sa.Column("policy_id", sa.String(), nullable=True))
    op.add_column("operator", sa.Column("policy_id", sa.String(), nullable=True))
    op.create_index("ix_operator_policy_id", "operator", ["policy_id"])
    op.add_column("session", sa.Column("members", sa.JSON(), nullable=True))
    op.add_column("session", sa.Column("policy_version", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("session", sa.Column("purpose_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("relay_command", sa.Column("token", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("relay_command", "token")
    for name in ("purpose_sealed", "policy_version", "members"):
        op.drop_column("session", name)
    op.drop_index("ix_operator_policy_id", "operator")
    op.drop_column("operator", "policy_id")
    op.drop_column("organization", "policy_id")
    op.drop_index("ix_policy_organization_id", "policy")
    op.drop_table("policy")
