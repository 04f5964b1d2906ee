"""cases with owner, severity and evidence; where they are told of; Slack's channels, people, drafts"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0009'
down_revision = '0008'

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')
_CASE = ('severity', 'owner', 'packet', 'resolution', 'due_at', 'claimed_at', 'resolved_at')
_TABLES = (
    'slack_drafts', 'slack_cases', 'slack_shares', 'slack_channels', 'slack_people', 'slack_codes',
    'curation_tasks', 'case_notices', 'case_routes',
)


def _tenant() -> sa.Column[str]:
    return sa.Column('tenant_id', sa.String(32), sa.ForeignKey('tenants.id'), nullable=False, index=True)


def _id() -> sa.Column[str]:
    return sa.Column('id', sa.String(32), primary_key=True)


def _text(name: str, length: int | None = None, **more: bool) -> sa.Column[str]:
    kind = sa.Text() if length is None else sa.String(length)
    return sa.Column(name, kind, **({'nullable': False} | more))


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, _TIME, nullable=nullable)


def upgrade() -> None:
    with op.batch_alter_table('handoffs') as batch:
        batch.add_column(sa.Column('severity', sa.String(16), nullable=False, server_default='normal'))
        batch.add_column(_text('owner', 64, nullable=True))
        batch.add_column(sa.Column('packet', _JSON, nullable=False, server_default='{}'))
        batch.add_column(_text('resolution', nullable=True))
        for name in ('due_at', 'claimed_at', 'resolved_at'):
            batch.add_column(_time(name))
    op.create_table(
        'case_routes',
        _id(), _tenant(), _text('kind', 16), _text('target', 500),
        sa.Column('secret', sa.LargeBinary()),
        _time('created_at', nullable=False),
        sa.UniqueConstraint('tenant_id', 'kind', 'target'),
    )
    op.create_table(
        'case_notices',
        _id(), _tenant(),
        sa.Column('case_id', sa.String(32), sa.ForeignKey('handoffs.id'), nullable=False),
        _text('route_id', 32, nullable=True), _text('event', 16),
        sa.Column('attempts', sa.Integer(), nullable=False),
        _text('error', nullable=True), _text('receipt', 200, nullable=True),
        _time('acknowledged_at'), _time('created_at', nullable=False),
    )
    op.create_index('ix_case_notices_case', 'case_notices', ['case_id', 'created_at'])
    op.create_table(
        'curation_tasks',
        _id(), _tenant(),
        sa.Column('answer_id', sa.String(32), sa.ForeignKey('answers.id'), nullable=False),
        _text('reason', 32), _text('question'), _text('correction', nullable=True),
        sa.Column('documents', _JSON, nullable=False),
        _text('status', 16), _text('closed_by', 64, nullable=True),
        _time('closed_at'), _time('created_at', nullable=False),
        sa.UniqueConstraint('tenant_id', 'answer_id'),
    )
    op.create_table(
        'slack_codes',
        _text('code_hash', 64, primary_key=True), _tenant(), _text('audience', 16),
        _time('expires_at', nullable=False), _time('used_at'),
    )
    op.create_table(
        'slack_people',
        _text('team_id', 32, primary_key=True), _text('user', 32, primary_key=True), _tenant(), _text('role', 32),
        _time('created_at', nullable=False),
    )
    op.create_table(
        'slack_channels',
        _text('team_id', 32, primary_key=True), _text('channel', 32, primary_key=True), _tenant(),
        sa.Column('settings', _JSON, nullable=False), _text('changed_by', 64),
        _time('changed_at', nullable=False),
    )
    op.create_table(
        'slack_shares',
        _text('team_id', 32, primary_key=True), _text('channel', 32, primary_key=True), _tenant(),
        _text('audience', 16), _time('created_at', nullable=False),
    )
    op.create_table(
        'slack_cases',
        sa.Column('case_id', sa.String(32), sa.ForeignKey('handoffs.id'), primary_key=True), _tenant(),
        _text('team_id', 32), _text('enterprise_id', 32, nullable=True), _text('channel', 32), _text('thread_ts', 32),
        _time('created_at', nullable=False),
    )
    op.create_index('ix_slack_cases_thread', 'slack_cases', ['team_id', 'channel', 'thread_ts'])
    op.create_table(
        'slack_drafts',
        _id(), _tenant(), _text('answer_id', 32), _text('team_id', 32), _text('channel', 32), _text('thread_ts', 32),
        _text('principal_id', 64), _text('drafted'), _text('sent', nullable=True),
        _text('difference', nullable=True), _time('created_at', nullable=False), _time('sent_at'),
    )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    with op.batch_alter_table('handoffs') as batch:
        for name in _CASE:
            batch.drop_column(name)
