"""row-level security on every tenant's table; keys that succeed each other, and keys of few permissions

Here it is switched on, and the tables' owner keeps the way in that migrations need. What everybody else may see stands in
`core.row_security`, which `migrate` applies after every upgrade: so that tables which later migrations add are covered, too.
"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = '0010'
down_revision = '0009'

_EACH = """DO $$ DECLARE t text; BEGIN
    FOR t IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
        AND (c.relname = 'tenants' OR EXISTS (SELECT FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped))
    LOOP {} END LOOP; END $$"""

_ON = _EACH.format("""EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY upkeep ON %I TO CURRENT_USER USING (current_setting(''app.crossing'', true) = ''upkeep'')', t);""")

_OFF = (
    """DO $$ DECLARE p record; BEGIN
    FOR p IN SELECT tablename, policyname FROM pg_policies WHERE schemaname = current_schema()
    LOOP EXECUTE format('DROP POLICY %I ON %I', p.policyname, p.tablename); END LOOP; END $$""",
    _EACH.format("""EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', t);"""),
)


def upgrade() -> None:
    op.add_column('api_keys', sa.Column('scopes', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')))
    op.add_column('api_keys', sa.Column('principal_id', sa.String(32)))
    if op.get_bind().dialect.name == 'postgresql':
        op.execute(_ON)


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        for statement in _OFF:
            op.execute(statement)
    op.drop_column('api_keys', 'principal_id')
    op.drop_column('api_keys', 'scopes')
