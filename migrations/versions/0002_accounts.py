"""accounts

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AUDIT_SEARCHED = ("time", "action,id", "actor_id,id", "target_id,id", "id")
MOMENT = sa.DateTime(timezone=True)
NOT_DELETED = sa.text("deleted_at IS NULL")
UNNAMED = {"uq": "uq_%(table_name)s_%(column_0_name)s"}
"""0001 left the unique login without a name: this is how it is called when SQLite's table is written anew."""
LOGIN_OF_0001 = {"sqlite": "uq_operator_organization_id", "postgresql": "operator_organization_id_login_key"}


def upgrade() -> None:
    _audit()
    _organizations()
    _operators()
    _credentials()


def _audit() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("time", MOMENT, nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("actor_type", sa.String(), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=True),
        sa.Column("target_type", sa.String(), nullable=True),
        sa.Column("target_id", sa.String(), nullable=True),
        sa.Column("address_lookup", sa.String(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for members in AUDIT_SEARCHED:
        columns = ["organization_id", *members.split(",")]
        op.create_index(f"ix_audit_event_{'_'.join(columns)}", "audit_event", columns, unique=False)


def _organizations() -> None:
    with op.batch_alter_table("organization") as table:
        table.add_column(sa.Column("settings", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("entry_digest", sa.String(), nullable=True))
        table.add_column(sa.Column("entry_renewed_at", MOMENT, nullable=True))
        table.add_column(sa.Column("disabled_at", MOMENT, nullable=True))
        table.create_unique_constraint("uq_organization_entry_digest", ["entry_digest"])


def _operators() -> None:
    with op.batch_alter_table("operator", naming_convention=UNNAMED) as table:
        table.add_column(sa.Column("password_changed_at", MOMENT, nullable=True))
        table.add_column(sa.Column("networks", sa.JSON(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("failed_at", MOMENT, nullable=True))
        table.add_column(sa.Column("locked_until", MOMENT, nullable=True))
        table.add_column(sa.Column("last_sign_in_at", MOMENT, nullable=True))
        table.add_column(sa.Column("deleted_at", MOMENT, nullable=True))
        table.drop_constraint(LOGIN_OF_0001[op.get_bind().dialect.name], type_="unique")
    op.create_index(
        "ix_operator_organization_id_login",
        "operator",
        ["organization_id", "login"],
        unique=True,
        sqlite_where=NOT_DELETED,
        postgresql_where=NOT_DELETED,
    )


def _credentials() -> None:
    op.create_table(
        "past_password",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("replaced_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_past_password_operator_id", "past_password", ["operator_id"], unique=False)
    op.create_table(
        "known_device",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", MOMENT, nullable=True),
        sa.Column("locked_until", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_known_device_operator_id", "known_device", ["operator_id"], unique=False)
    op.create_index("ix_known_device_seen_at", "known_device", ["seen_at"], unique=False)
    op.create_table(
        "operator_invitation",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("operator_id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_operator_invitation_expires_at", "operator_invitation", ["expires_at"], unique=False)


def downgrade() -> None:
    """Deleted operators keep a row, under a login that cannot be typed: 0001 wants each login once."""
    for table in ("operator_invitation", "known_device", "past_password", "audit_event"):
        op.drop_table(table)
    op.execute("UPDATE operator SET login = login || '~' || id, suspended_at = deleted_at WHERE deleted_at IS NOT NULL")
    op.drop_index("ix_operator_organization_id_login", table_name="operator")
    with op.batch_alter_table("operator") as table:
        table.create_unique_constraint(LOGIN_OF_0001[op.get_bind().dialect.name], ["organization_id", "login"])
        for column in (
            "deleted_at",
            "last_sign_in_at",
            "locked_until",
            "failed_at",
            "failures",
            "networks",
            "password_changed_at",
        ):
            table.drop_column(column)
    with op.batch_alter_table("organization") as table:
        table.drop_constraint("uq_organization_entry_digest", type_="unique")
        for column in ("disabled_at", "entry_renewed_at", "entry_digest", "settings"):
            table.drop_column(column)
