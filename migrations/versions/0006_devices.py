"""devices

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LIVE_DEVICE = "device_id IS NOT NULL AND ended_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "device_group",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("consent", sa.String(), nullable=True),
        sa.Column("hours", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_device_group_organization_id_id", "device_group", ["organization_id", "id"])
    op.create_table(
        "device_enrolment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.ForeignKeyConstraint(["group_id"], ["device_group.id"]),
        sa.ForeignKeyConstraint(["created_by"], ["operator.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_device_enrolment_organization_id_id", "device_enrolment", ["organization_id", "id"])
    op.create_index("ix_device_enrolment_group_id", "device_enrolment", ["group_id"])
    op.create_index("ix_device_enrolment_expires_at", "device_enrolment", ["expires_at"])
    _devices()
    op.add_column("session", sa.Column("device_id", sa.String(), nullable=True))
    op.add_column("session", sa.Column("device_name", sa.String(), nullable=True))
    some = sa.text(LIVE_DEVICE)
    op.create_index("ix_session_live_device", "session", ["device_id"], sqlite_where=some, postgresql_where=some)
    _api_keys()


def _api_keys() -> None:
    with op.batch_alter_table("api_key") as table:
        table.add_column(sa.Column("networks", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("last_used_sealed", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("old_digest", sa.String(), nullable=True))
        table.add_column(sa.Column("old_expires_at", sa.DateTime(timezone=True), nullable=True))
        table.create_unique_constraint("uq_api_key_old_digest", ["old_digest"])
    with op.batch_alter_table("api_key") as table:
        table.alter_column("networks", server_default=None)


def _devices() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=True),
        sa.Column("enrolled_by", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=True),
        sa.Column("version", sa.String(), nullable=True),
        sa.Column("unattended", sa.Boolean(), nullable=False),
        sa.Column("consent", sa.String(), nullable=True),
        sa.Column("hours", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("own_access", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wiped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("challenge_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.ForeignKeyConstraint(["group_id"], ["device_group.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_key"),
    )
    op.create_index("ix_device_organization_id_id", "device", ["organization_id", "id"])
    op.create_index("ix_device_group_id", "device", ["group_id"])
    op.create_index("ix_device_online_seen_at", "device", ["online", "seen_at"])
    op.create_table(
        "device_grant",
        sa.Column("target_id", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.PrimaryKeyConstraint("target_id", "subject_id"),
    )
    op.create_index("ix_device_grant_subject_id", "device_grant", ["subject_id"])
    op.create_index("ix_device_grant_organization_id", "device_grant", ["organization_id"])


def downgrade() -> None:
    with op.batch_alter_table("api_key") as table:
        table.drop_constraint("uq_api_key_old_digest", type_="unique")
        for name in ("old_expires_at", "old_digest", "rotated_at", "last_used_sealed", "networks"):
            table.drop_column(name)
    op.drop_index("ix_session_live_device", "session")
    with op.batch_alter_table("session") as table:
        table.drop_column("device_name")
        table.drop_column("device_id")
    for name in ("device_grant", "device", "device_enrolment", "device_group"):
        op.drop_table(name)
