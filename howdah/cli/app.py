"""The command's tree: which word leads to which room."""

import typer

from howdah.cli.commands import (
    agents,
    apps,
    catalogue,
    data,
    dead_letters,
    experiments,
    lanes,
    local_stack,
    new_task,
    quotas,
    resources,
    schedules,
    services,
    task_types,
    workflows,
)

app = typer.Typer(
    name="howdah",
    help="Howdah runs the experiments of science gateways on remote compute resources.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
local_stack.add_to(app)
catalogue.add_to(app)
app.add_typer(experiments.app, name="experiments")
app.add_typer(resources.app, name="resources")
agents.add_to(app)
app.add_typer(agents.app, name="agents")
app.add_typer(quotas.app, name="quotas")
app.add_typer(schedules.app, name="schedules")
app.add_typer(workflows.app, name="workflows")
app.add_typer(apps.app, name="apps")
app.add_typer(data.app, name="data")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(services.app, name="services")
app.add_typer(lanes.app, name="lanes")
app.add_typer(task_types.app, name="task-types")
new_task.add_to(app)
