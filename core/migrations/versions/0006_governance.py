"""a chained audit that cannot be changed, metered model calls"""

from itertools import groupby

from alembic import context, op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

JSON_ = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')

revision = '0006'
down_revision = '0005'

# A batch migration of `audit` on SQLite makes the table anew and loses its triggers: make them again there.
#
# What may be deleted is what a tombstone covers, and a tombstone is a row of the chain: written without the key, it fails
# verification as the deleted rows would.
_SQLITE = (
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN"
    " SELECT RAISE(ABORT, 'audit rows are never changed'); END",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit WHEN NOT EXISTS (SELECT 1 FROM audit t"
    " WHERE t.tenant_id = OLD.tenant_id AND t.action = 'audit.prune'"
    " AND json_extract(t.details, '$.through') >= OLD.number)"
    " BEGIN SELECT RAISE(ABORT, 'audit rows are deleted by the retention job alone'); END",
)
_POSTGRES = (
    """CREATE FUNCTION audit_keeps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM audit t WHERE t.tenant_id = OLD.tenant_id AND t.action = 'audit.prune'
        AND (t.details->>'through')::bigint >= OLD.number) THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'audit rows are never changed, and deleted by the retention job alone'; END $$""",
    'CREATE TRIGGER audit_keeps BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_keeps()',
    'CREATE TRIGGER audit_keeps_all BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_keeps()',
)


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column('number', sa.Integer(), nullable=False, server_default='0'),
        sa.Column('previous', sa.String(64), nullable=False, server_default=''),
        sa.Column('hash', sa.String(64), nullable=False, server_default=''),
    ]


def upgrade() -> None:
    for column in _columns():
        op.add_column('audit', column)
    _chain()
    op.create_index('ix_audit_chain', 'audit', ['tenant_id', 'number'], unique=True)
    op.create_index('ix_audit_action', 'audit', ['tenant_id', 'action', 'id'])
    for statement in _POSTGRES if op.get_bind().dialect.name == 'postgresql' else _SQLITE:
        op.execute(statement)
    op.create_table(
        'model_calls',
        sa.Column('id', sa.String(32), primary_key=True),
        sa.Column('tenant_id', sa.String(32), sa.ForeignKey('tenants.id'), nullable=False, index=True),
        sa.Column('principal_id', sa.String(64), nullable=False),
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('channel', sa.String(16), nullable=False),
        sa.Column('model', sa.String(100), nullable=False),
        sa.Column('state', sa.String(16), nullable=False),
        sa.Column('reserved_prompt', sa.Integer(), nullable=False),
        sa.Column('reserved_completion', sa.Integer(), nullable=False),
        sa.Column('prompt_tokens', sa.Integer(), nullable=False),
        sa.Column('completion_tokens', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index('ix_model_calls_day', 'model_calls', ['tenant_id', 'day'])
    op.create_table(
        'key_usage',
        sa.Column('tenant_id', sa.String(32), sa.ForeignKey('tenants.id'), primary_key=True),
        sa.Column('day', sa.Date(), primary_key=True),
        sa.Column('principal_id', sa.String(64), primary_key=True),
        sa.Column('questions', sa.Integer(), nullable=False),
        sa.Column('tokens', sa.Integer(), nullable=False),
    )


def _chain() -> None:
    """The rows that were written before there was a chain become its beginning."""
    bind = op.get_bind()
    columns = [sa.column(name) for name in ('id', 'tenant_id', 'number', 'actor', 'action', 'target', 'previous', 'hash')]
    audit = sa.table('audit', *columns, sa.column('details', JSON_), sa.column('at', sa.DateTime(timezone=True)))
    rows = bind.execute(sa.select(audit).order_by(audit.c.tenant_id, audit.c.id)).all()
    if not rows:
        return
    from core.audit import GENESIS
    from core.models import AuditRow, Instant

    trail = context.config.attributes.get('trail')
    if trail is None:
        raise RuntimeError('the audit can be chained only where the master key is at hand')
    for tenant_id, of_tenant in groupby(rows, key=lambda row: row.tenant_id):
        previous = GENESIS
        for number, row in enumerate(of_tenant, start=1):
            at = Instant().process_result_value(row.at, bind.dialect)
            link = AuditRow(
                tenant_id=tenant_id, number=number, actor=row.actor, action=row.action, target=row.target,
                details=row.details, at=at, previous=previous,
            )
            values = {'number': number, 'previous': previous, 'hash': trail.digest(link)}
            bind.execute(sa.update(audit).where(audit.c.id == row.id).values(values))
            previous = values['hash']


def downgrade() -> None:
    op.drop_table('key_usage')
    op.drop_table('model_calls')
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP TRIGGER audit_keeps ON audit')
        op.execute('DROP TRIGGER audit_keeps_all ON audit')
        op.execute('DROP FUNCTION audit_keeps()')
    else:
        op.execute('DROP TRIGGER audit_no_update')
        op.execute('DROP TRIGGER audit_no_delete')
    op.drop_index('ix_audit_action', 'audit')
    op.drop_index('ix_audit_chain', 'audit')
    for column in _columns():
        op.drop_column('audit', column.name)
