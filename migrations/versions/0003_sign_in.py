"""sign-in

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _mail()
    _sign_ins()
    _second_factors()
    _passkeys_and_machines()


def _mail() -> None:
    op.create_table(
        "outbound_mail",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("useless_at", MOMENT, nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_outbound_mail_created_at", "outbound_mail", ["created_at"])
    op.create_index("ix_outbound_mail_state_next_at", "outbound_mail", ["state", "next_at"])


def _sign_ins() -> None:
    """Tokens of before have no sign-in to belong to: everybody signs in once again."""
    op.create_table(
        "sign_in",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        sa.Column("authenticated_at", MOMENT, nullable=False),
        sa.Column("methods", sa.JSON(), nullable=False),
        sa.Column("machine_id", sa.String(), nullable=True),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("client_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_sign_in_operator_id", "sign_in", ["operator_id"])
    op.create_index("ix_sign_in_parent_id", "sign_in", ["parent_id"])
    op.create_index("ix_sign_in_last_used_at", "sign_in", ["last_used_at"])
    op.execute("DELETE FROM refresh_token")
    op.create_table(
        "challenge",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_challenge_expires_at", "challenge", ["expires_at"])


def _second_factors() -> None:
    op.add_column("session", sa.Column("verified", sa.String(), nullable=True))
    with op.batch_alter_table("operator") as table:
        table.add_column(sa.Column("second_factors", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "second_factor",
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("operator_id", "method", "pending"),
    )
    op.create_table(
        "sent_code",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("lookup", sa.String(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("subject", "method"),
    )
    op.create_index("ix_sent_code_operator_id", "sent_code", ["operator_id"])
    op.create_index("ix_sent_code_expires_at", "sent_code", ["expires_at"])
    op.create_table(
        "recovery_code",
        sa.Column("lookup", sa.String(), nullable=False),
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("lookup"),
    )
    op.create_index("ix_recovery_code_operator_id", "recovery_code", ["operator_id"])
    op.create_table(
        "second_step_failure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("failed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_second_step_failure_operator_id_failed_at", "second_step_failure", ["operator_id", "failed_at"])
    op.create_index("ix_second_step_failure_failed_at", "second_step_failure", ["failed_at"])


def _passkeys_and_machines() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("credential_id", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("credential_id"),
    )
    op.create_index("ix_passkey_operator_id", "passkey", ["operator_id"])
    op.create_table(
        "machine",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("operator_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("mac", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("operator_id", "public_key"),
    )
    op.create_index("ix_machine_organization_id", "machine", ["organization_id"])


def downgrade() -> None:
    for table in (
        "machine",
        "passkey",
        "second_step_failure",
        "recovery_code",
        "sent_code",
        "second_factor",
        "challenge",
        "sign_in",
        "outbound_mail",
    ):
        op.drop_table(table)
    with op.batch_alter_table("operator") as table:
        table.drop_column("second_factors")
    with op.batch_alter_table("session") as table:
        table.drop_column("verified")
