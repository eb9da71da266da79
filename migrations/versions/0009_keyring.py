"""the keyring: customers, whose keys seal what is about them

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UNREADABLE = (
    "webhook_delivery", "webhook_endpoint", "integration", "session_code", "participant", "session_guest",
    "session_invitation", "session_note", "event", "legal_hold", "session", "audit_event", "remembered_answer",
    "outbound_mail", "refresh_token", "sign_in", "second_factor", "signing_key",
)  # fmt: skip
"""Sealed under keys that were derived from the master key, which nothing is any more. Nothing was released with those."""


def upgrade() -> None:
    for name in UNREADABLE:
        op.execute(sa.delete(sa.table(name)))
    op.execute("UPDATE api_key SET last_used_sealed = NULL")
    op.create_table(
        "customer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("lookup", sa.String(), nullable=True),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("proof", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organization_id", "lookup"),
    )
    op.create_index("ix_customer_forgotten_at", "customer", ["forgotten_at"])
    op.drop_index("ix_session_customer", "session")
    with op.batch_alter_table("session") as table:
        table.drop_column("customer_lookup")
        table.add_column(sa.Column("customer_id", sa.String(), nullable=False))
        table.add_column(sa.Column("key_id", sa.String(), nullable=False))
        table.create_foreign_key("session_customer_id_fkey", "customer", ["customer_id"], ["id"])
    op.create_index("ix_session_customer_id_id", "session", ["customer_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_session_customer_id_id", "session")
    with op.batch_alter_table("session") as table:
        table.drop_constraint("session_customer_id_fkey", type_="foreignkey")
        table.drop_column("key_id")
        table.drop_column("customer_id")
        table.add_column(sa.Column("customer_lookup", sa.String(), nullable=True))
    some = sa.text("customer_lookup IS NOT NULL")
    op.create_index(
        "ix_session_customer", "session", ["organization_id", "customer_lookup", "id"],
        sqlite_where=some, postgresql_where=some,
    )  # fmt: skip
    op.drop_table("customer")
