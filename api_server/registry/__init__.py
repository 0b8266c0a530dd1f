"""The registry: models, repositories, migrations, unit of work, outbox, secrets. The only room that speaks SQL."""
