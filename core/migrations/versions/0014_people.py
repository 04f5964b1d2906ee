"""people who sign in, their sessions, and what guards the door"""

from alembic import op
import sqlalchemy as sa

revision = '0014'
down_revision = '0013'

_TIME = sa.DateTime(timezone=True)


def _tenant() -> sa.Column[str]:
    return sa.Column('tenant_id', sa.String(32), sa.ForeignKey('tenants.id'), nullable=False, index=True)


def upgrade() -> None:
    op.create_table(
        'users',
        sa.Column('id', sa.String(32), primary_key=True),
        _tenant(),
        sa.Column('email_hash', sa.String(64), nullable=False, unique=True),
        sa.Column('email', sa.LargeBinary(), nullable=False),
        sa.Column('name', sa.String(200), nullable=False),
        sa.Column('role', sa.String(32), nullable=False),
        sa.Column('audience', sa.String(16), nullable=False),
        sa.Column('password_hash', sa.String(200)),
        sa.Column('subject_hash', sa.String(64), unique=True),
        sa.Column('managed', sa.Boolean(), nullable=False),
        sa.Column('created_at', _TIME, nullable=False),
        sa.Column('disabled_at', _TIME),
    )
    op.create_table(
        'user_sessions',
        sa.Column('id', sa.String(32), primary_key=True),
        _tenant(),
        sa.Column('user_id', sa.String(32), sa.ForeignKey('users.id'), nullable=False, index=True),
        sa.Column('acting_id', sa.String(32), sa.ForeignKey('tenants.id')),
        sa.Column('secret_hash', sa.String(64), nullable=False),
        sa.Column('method', sa.String(16), nullable=False),
        sa.Column('browser', sa.String(120), nullable=False),
        sa.Column('created_at', _TIME, nullable=False),
        sa.Column('seen_at', _TIME, nullable=False),
    )
    op.create_table(
        'sign_in_failures',
        sa.Column('key_hash', sa.String(64), primary_key=True),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('last_at', _TIME, nullable=False, index=True),
        sa.Column('wait_until', _TIME),
    )
    op.create_table(
        'used_sign_ins',
        sa.Column('state_hash', sa.String(64), primary_key=True),
        sa.Column('expires_at', _TIME, nullable=False, index=True),
    )


def downgrade() -> None:
    for table in ('used_sign_ins', 'sign_in_failures', 'user_sessions', 'users'):
        op.drop_table(table)
