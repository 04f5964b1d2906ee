"""the vault: what redaction took out, encrypted under a key for each tenant, which the master key wraps"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0015'
down_revision = '0014'

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')


def _tenant() -> sa.Column[str]:
    return sa.Column('tenant_id', sa.String(32), sa.ForeignKey('tenants.id'), primary_key=True)


def _wrapped() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column('key_id', sa.String(16), nullable=False),
        sa.Column('wrapped', sa.LargeBinary(), nullable=False),
        sa.Column('created_at', _TIME, nullable=False),
    )


def upgrade() -> None:
    op.create_table('root_keys', sa.Column('id', sa.String(16), primary_key=True), *_wrapped())
    op.create_table('data_keys', _tenant(), *_wrapped())
    op.create_table(
        'vault_values',
        _tenant(),
        sa.Column('placeholder', sa.String(40), primary_key=True),
        sa.Column('spelling', sa.String(32), primary_key=True),
        sa.Column('identity', sa.String(32), nullable=False),
        sa.Column('sealed', sa.LargeBinary(), nullable=False),
        sa.Column('created_at', _TIME, nullable=False),
    )
    op.create_table(
        'vault_uses',
        _tenant(),
        sa.Column('kind', sa.String(32), primary_key=True),
        sa.Column('row_id', sa.String(64), primary_key=True),
        sa.Column('field', sa.String(32), primary_key=True),
        sa.Column('spellings', _JSON, nullable=False),
    )


def downgrade() -> None:
    for table in ('vault_uses', 'vault_values', 'data_keys', 'root_keys'):
        op.drop_table(table)
