"""chat widgets, their identity keys, visitors' sessions"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0008'
down_revision = '0006'

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')


def _tenant() -> sa.Column[str]:
    return sa.Column('tenant_id', sa.String(32), sa.ForeignKey('tenants.id'), nullable=False, index=True)


def _widget(**more: bool) -> sa.Column[str]:
    return sa.Column('widget_id', sa.String(32), sa.ForeignKey('widgets.id'), nullable=False, **more)


def upgrade() -> None:
    op.create_table(
        'widgets',
        sa.Column('id', sa.String(32), primary_key=True),
        _tenant(),
        sa.Column('name', sa.String(100), nullable=False),
        sa.Column('origins', _JSON, nullable=False),
        sa.Column('theme', _JSON, nullable=False),
        sa.Column('audience', sa.String(16), nullable=False),
        sa.Column('enabled', sa.Boolean(), nullable=False),
        sa.Column('created_at', _TIME, nullable=False),
    )
    op.create_table(
        'widget_keys',
        sa.Column('id', sa.String(32), primary_key=True),
        _tenant(),
        _widget(index=True),
        sa.Column('algorithm', sa.String(8), nullable=False),
        sa.Column('issuer', sa.String(200), nullable=False),
        sa.Column('material', sa.LargeBinary(), nullable=False),
        sa.Column('created_at', _TIME, nullable=False),
        sa.Column('retires_at', _TIME),
    )
    op.create_table(
        'widget_sessions',
        sa.Column('id', sa.String(32), primary_key=True),
        _tenant(),
        _widget(index=True),
        sa.Column('origin', sa.String(300), nullable=False),
        sa.Column('visitor', sa.String(64), nullable=False),
        sa.Column('identified', sa.Boolean(), nullable=False),
        sa.Column('secret_hash', sa.String(64), nullable=False),
        sa.Column('expires_at', _TIME, nullable=False, index=True),
        sa.Column('created_at', _TIME, nullable=False),
    )
    op.create_table(
        'widget_tokens',
        _widget(primary_key=True),
        sa.Column('jti_hash', sa.String(64), primary_key=True),
        _tenant(),
        sa.Column('expires_at', _TIME, nullable=False, index=True),
    )


def downgrade() -> None:
    for table in ('widget_tokens', 'widget_sessions', 'widget_keys', 'widgets'):
        op.drop_table(table)
