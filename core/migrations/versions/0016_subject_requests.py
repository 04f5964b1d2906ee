"""requests of the people whose data is here: exports and erasures"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

JSON_ = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')

revision = '0016'
down_revision = '0015'

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        'subject_requests',
        sa.Column('id', sa.String(32), primary_key=True),
        sa.Column('tenant_id', sa.String(32), sa.ForeignKey('tenants.id'), nullable=False, index=True),
        sa.Column('kind', sa.String(16), nullable=False),
        sa.Column('digest', sa.String(64), nullable=False),
        sa.Column('subject', sa.LargeBinary()),
        sa.Column('actor', sa.String(64), nullable=False),
        sa.Column('job_id', sa.String(32)),
        sa.Column('report', JSON_, nullable=False),
        sa.Column('result', sa.LargeBinary()),
        sa.Column('created_at', _TIME, nullable=False),
        sa.Column('finished_at', _TIME),
        sa.Column('expires_at', _TIME),
    )
    if op.get_bind().dialect.name == 'postgresql':
        for clause in ('ENABLE', 'FORCE'):
            op.execute(f'ALTER TABLE subject_requests {clause} ROW LEVEL SECURITY')
        mine = "current_setting('app.crossing', true) = 'upkeep'"
        op.execute(f'CREATE POLICY upkeep ON subject_requests TO CURRENT_USER USING ({mine})')


def downgrade() -> None:
    op.drop_table('subject_requests')
