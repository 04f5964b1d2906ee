"""turns of jobs, look-alikes, what each release changed"""

from alembic import op
import sqlalchemy as sa

revision = '0003'
down_revision = '0002'

_JOB_INDEXES = {
    'ix_jobs_turn': ['tenant_id', 'status', 'not_before'],
    'ix_jobs_digest': ['tenant_id', 'digest'],
    'ix_jobs_newest': ['tenant_id', 'created_at', 'id'],
}


def _added() -> dict[str, list[sa.Column[object]]]:
    return {
        'releases': [
            sa.Column('entered', sa.Integer(), nullable=False, server_default='0'),
            sa.Column('left', sa.Integer(), nullable=False, server_default='0'),
        ],
        'jobs': [
            sa.Column('crashes', sa.Integer(), nullable=False, server_default='0'),
            sa.Column('digest', sa.String(64), nullable=False, server_default=''),
            sa.Column('owner', sa.String(32)),
        ],
    }


def upgrade() -> None:
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    op.execute('UPDATE jobs SET not_before = created_at')
    for column, mark in (('entered', 'added_in'), ('left', 'removed_in')):
        op.execute(
            f'UPDATE releases SET "{column}" = (SELECT count(*) FROM memberships'
            f' WHERE memberships.tenant_id = releases.tenant_id AND memberships.{mark} = releases.number)'
        )
    for name, columns in _JOB_INDEXES.items():
        op.create_index(name, 'jobs', columns)
    op.create_table(
        'minhash_bands',
        sa.Column('document_id', sa.String(32), primary_key=True),
        sa.Column('band', sa.Integer(), primary_key=True),
        sa.Column('tenant_id', sa.String(32), sa.ForeignKey('tenants.id'), nullable=False, index=True),
        sa.Column('corpus_id', sa.String(32), nullable=False),
        sa.Column('key', sa.BigInteger(), nullable=False),
    )
    op.create_index('ix_minhash_bands_key', 'minhash_bands', ['corpus_id', 'key'])
    op.create_index('ix_documents_duplicate_of', 'documents', ['duplicate_of'])


def downgrade() -> None:
    op.drop_table('minhash_bands')
    op.drop_index('ix_documents_duplicate_of', 'documents')
    for name in _JOB_INDEXES:
        op.drop_index(name, 'jobs')
    for table, columns in _added().items():
        for column in columns:
            op.drop_column(table, column.name)
