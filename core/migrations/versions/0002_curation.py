"""sources to depth, life of documents, grants, dead letters, golden questions"""

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

JSON_ = sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')

revision = '0002'
down_revision = '0001'

_TIME = sa.DateTime(timezone=True)


def _text(name: str, length: int) -> sa.Column[str]:
    """A column that older rows get an empty text in."""
    return sa.Column(name, sa.String(length), nullable=False, server_default='')


def _added() -> dict[str, list[sa.Column[object]]]:
    return {
        'tenants': [sa.Column('building', sa.String(40))],
        'sources': [
            sa.Column('config', JSON_, nullable=False, server_default='{}'),
            sa.Column('credentials', sa.LargeBinary()),
            sa.Column('schedule_s', sa.Integer()),
            sa.Column('failures', sa.Integer(), nullable=False, server_default='0'),
            sa.Column('paused_until', _TIME),
            sa.Column('last_error', JSON_),
        ],
        'documents': [
            _text('version_tag', 300),
            sa.Column('audience_set', sa.String(16)),
            sa.Column('owner', sa.String(200)),
            sa.Column('review_by', sa.Date()),
            sa.Column('duplicate_of', sa.String(32)),
            sa.Column('duplicate_kind', sa.String(8)),
        ],
        'revisions': [
            _text('author', 64),
            sa.Column('approved_by', sa.String(64)),
            sa.Column('approved_at', _TIME),
            _text('text_hash', 64),
            sa.Column('minhash', sa.LargeBinary()),
        ],
        'passages': [_text('embedded_hash', 64)],
        'releases': [_text('published_by', 64), sa.Column('override_reason', sa.String(2000))],
        'jobs': [sa.Column('not_before', _TIME)],
    }


def _tenant() -> list[sa.Column[str]]:
    return [
        sa.Column('id', sa.String(32), primary_key=True),
        sa.Column('tenant_id', sa.String(32), sa.ForeignKey('tenants.id'), nullable=False, index=True),
    ]


def upgrade() -> None:
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    op.create_table(
        'corpus_grants',
        *_tenant(),
        sa.Column('corpus_id', sa.String(32), sa.ForeignKey('corpora.id'), nullable=False),
        sa.Column('grantee_id', sa.String(32), sa.ForeignKey('tenants.id'), nullable=False, index=True),
        sa.Column('expires_at', _TIME),
        sa.Column('created_by', sa.String(64), nullable=False),
        sa.Column('created_at', _TIME, nullable=False),
        sa.UniqueConstraint('corpus_id', 'grantee_id'),
    )
    op.create_table(
        'ingest_failures',
        *_tenant(),
        sa.Column('source_id', sa.String(32), sa.ForeignKey('sources.id'), nullable=False),
        sa.Column('path', sa.String(1000), nullable=False),
        sa.Column('reason', sa.String(64), nullable=False),
        sa.Column('detail', sa.String(1000), nullable=False),
        sa.Column('version_tag', sa.String(300), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('first_at', _TIME, nullable=False),
        sa.Column('last_at', _TIME, nullable=False),
        sa.UniqueConstraint('source_id', 'path'),
    )
    op.create_table(
        'document_comments',
        *_tenant(),
        sa.Column('document_id', sa.String(32), sa.ForeignKey('documents.id'), nullable=False, index=True),
        sa.Column('revision_id', sa.String(32)),
        sa.Column('author', sa.String(64), nullable=False),
        sa.Column('text', sa.Text(), nullable=False),
        sa.Column('created_at', _TIME, nullable=False),
    )
    op.create_table(
        'golden_questions',
        *_tenant(),
        sa.Column('key', sa.String(100), nullable=False),
        sa.Column('question', sa.Text(), nullable=False),
        sa.Column('expectation', JSON_, nullable=False),
        sa.Column('created_at', _TIME, nullable=False),
        sa.UniqueConstraint('tenant_id', 'key'),
    )


def downgrade() -> None:
    for table in ('golden_questions', 'document_comments', 'ingest_failures', 'corpus_grants'):
        op.drop_table(table)
    for table, columns in _added().items():
        for column in columns:
            op.drop_column(table, column.name)
