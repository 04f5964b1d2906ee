"""Alembic's entry point: migrates the connection that `core.migrate` hands over."""

from alembic import context

from core.models import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
