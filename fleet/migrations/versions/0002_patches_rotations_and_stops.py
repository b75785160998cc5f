"""Patches between releases, rotations of trust anchors, P-256 anchors, and what a stop carries."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this step."""
    op.create_table(
        "patches",
        sa.Column("base_digest", sa.String(length=64), nullable=False),
        sa.Column("new_digest", sa.String(length=64), nullable=False),
        sa.Column("patch_digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["base_digest"], ["payloads.digest"], name=op.f("fk_patches_base_digest_payloads")),
        sa.ForeignKeyConstraint(["new_digest"], ["payloads.digest"], name=op.f("fk_patches_new_digest_payloads")),
        sa.ForeignKeyConstraint(["patch_digest"], ["payloads.digest"], name=op.f("fk_patches_patch_digest_payloads")),
        sa.PrimaryKeyConstraint("base_digest", "new_digest", name=op.f("pk_patches")),
    )
    with op.batch_alter_table("patches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_patches_new_digest"), ["new_digest"], unique=False)
    with op.batch_alter_table("anchors", schema=None) as batch_op:
        batch_op.alter_column("public_key", existing_type=sa.String(length=64), type_=sa.String(length=66))
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rotation", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stop", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Takes this step back."""
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_column("stop")
    with op.batch_alter_table("devices", schema=None) as batch_op:
        batch_op.drop_column("rotation")
    with op.batch_alter_table("anchors", schema=None) as batch_op:
        batch_op.alter_column("public_key", existing_type=sa.String(length=66), type_=sa.String(length=64))
    op.drop_table("patches")
