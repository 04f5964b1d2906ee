"""a widget may be served under a domain of the tenant's own"""

from alembic import op
import sqlalchemy as sa

revision = '0011'
down_revision = '0009'


def upgrade() -> None:
    op.add_column('widgets', sa.Column('domain', sa.String(300)))


def downgrade() -> None:
    op.drop_column('widgets', 'domain')
