"""the names of a tenant's customers without reading all its documents"""

from alembic import op
import sqlalchemy as sa

revision = '0012'
down_revision = '0011'


def upgrade() -> None:
    named = sa.text('customer IS NOT NULL')
    op.create_index(
        'ix_documents_customer', 'documents', ['tenant_id', 'customer'], sqlite_where=named, postgresql_where=named
    )


def downgrade() -> None:
    op.drop_index('ix_documents_customer', table_name='documents')
