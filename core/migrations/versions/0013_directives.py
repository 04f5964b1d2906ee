"""policies and prompts by version; documents that answer high-impact questions"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0013'
down_revision = '0012'

_JSON = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')


def upgrade() -> None:
    op.create_table(
        'directives',
        sa.Column('id', sa.String(32), primary_key=True),
        sa.Column('tenant_id', sa.String(32), sa.ForeignKey('tenants.id'), nullable=False, index=True),
        sa.Column('kind', sa.String(16), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('body', _JSON, nullable=False),
        sa.Column('note', sa.String(500), nullable=False),
        sa.Column('author', sa.String(64), nullable=False),
        sa.Column('restores', sa.Integer()),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint('tenant_id', 'kind', 'version'),
    )
    op.add_column('documents', sa.Column('authoritative_set', sa.Boolean()))
    op.add_column(
        'revisions', sa.Column('authoritative', sa.Boolean(), nullable=False, server_default=sa.false())
    )
    for table, column in (('revisions', 'authoritative'), ('documents', 'authoritative_set')):
        marked = sa.text(column)
        op.create_index(
            f'ix_{table}_authoritative', table, ['tenant_id'], sqlite_where=marked, postgresql_where=marked
        )


def downgrade() -> None:
    for table, column in (('documents', 'authoritative_set'), ('revisions', 'authoritative')):
        op.drop_index(f'ix_{table}_authoritative', table_name=table)
        op.drop_column(table, column)
    op.drop_table('directives')
