"""what widgets' visitors did in the last minutes, and their answers on the way: for several processes"""

from alembic import op
import sqlalchemy as sa

revision = '0017'
down_revision = '0016'

_TIME = sa.DateTime(timezone=True)
_TABLES = ('widget_counts', 'widget_streams')


def _tenant() -> sa.Column[str]:
    return sa.Column('tenant_id', sa.String(32), sa.ForeignKey('tenants.id'), nullable=False, index=True)


def upgrade() -> None:
    op.create_table(
        'widget_counts',
        sa.Column('setting', sa.String(32), primary_key=True),
        sa.Column('who', sa.String(64), primary_key=True),
        sa.Column('begins_at', _TIME, primary_key=True),
        _tenant(),
        sa.Column('times', sa.Integer(), nullable=False),
        sa.Column('expires_at', _TIME, nullable=False, index=True),
    )
    op.create_table(
        'widget_streams',
        sa.Column('answer_id', sa.String(32), primary_key=True),
        _tenant(),
        sa.Column('visitor', sa.String(64), nullable=False),
        sa.Column('events', sa.LargeBinary(), nullable=False),
        sa.Column('state', sa.String(16), nullable=False),
        sa.Column('beat_at', _TIME, nullable=False),
        sa.Column('expires_at', _TIME, nullable=False, index=True),
    )
    if op.get_bind().dialect.name == 'postgresql':
        mine = "current_setting('app.crossing', true) = 'upkeep'"
        for table in _TABLES:
            for clause in ('ENABLE', 'FORCE'):
                op.execute(f'ALTER TABLE {table} {clause} ROW LEVEL SECURITY')
            op.execute(f'CREATE POLICY upkeep ON {table} TO CURRENT_USER USING ({mine})')


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
