"""questions that no document answered"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

JSON_ = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')

revision = '0005'
down_revision = '0003'

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        'knowledge_gaps',
        sa.Column('id', sa.String(32), primary_key=True),
        sa.Column('tenant_id', sa.String(32), sa.ForeignKey('tenants.id'), nullable=False, index=True),
        sa.Column('key', sa.String(64), nullable=False),
        sa.Column('question', sa.Text(), nullable=False),
        sa.Column('query', sa.Text(), nullable=False),
        sa.Column('terms', JSON_, nullable=False),
        sa.Column('closest', JSON_, nullable=False),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.Column('first_at', _TIME, nullable=False),
        sa.Column('last_at', _TIME, nullable=False),
        sa.UniqueConstraint('tenant_id', 'key'),
    )
    op.create_index('ix_knowledge_gaps_last', 'knowledge_gaps', ['tenant_id', 'last_at'])


def downgrade() -> None:
    op.drop_table('knowledge_gaps')
