"""``howdah experiments``: make, launch, follow, steer, clone; fetch what they made."""

from pathlib import Path
from typing import Annotated

import typer

from howdah.cli.commands import keeping, steering
from howdah.cli.commands.experiment_logs import logs
from howdah.cli.errors import CliError
from howdah.cli.fetching import outputs_table, save_outputs
from howdah.cli.finding import find_experiment, newest_experiment
from howdah.cli.following import follow_to_the_end
from howdah.cli.session import Session, table, with_session
from howdah.client.catalogue import read_documents, submit_experiments
from howdah.client.run_models import Experiment
from howdah.contracts.states import ExperimentState

app = typer.Typer(no_args_is_help=True, help="Experiments: make, launch, follow, steer; fetch what they made.")

ExperimentArgument = Annotated[
    str, typer.Argument(metavar="ID|NAME", help="The experiment; a name only where it is unique.", show_default=False)
]
NewestArgument = Annotated[
    str | None,
    typer.Argument(metavar="[ID|NAME]", help="The newest of that name; without, of all.", show_default=False),
]
WatchOption = Annotated[bool, typer.Option("--watch", help="Launch, and follow until the end.")]
steering.add_to(app)
keeping.add_to(app)


@app.command("create")
@with_session
def create(
    session: Session,
    *,
    files: Annotated[
        list[Path],
        typer.Option("-f", "--file", metavar="FILE", help="A YAML file of Experiment documents.", show_default=False),
    ],
    resource: Annotated[
        str | None, typer.Option("--resource", metavar="NAME", help="Run it there instead of where the file says.")
    ] = None,
    launch: Annotated[bool, typer.Option("--launch", help="Launch it at once.")] = False,
    watch: WatchOption = False,
) -> None:
    """Make experiments from YAML; files that their inputs name are uploaded."""
    documents = [document for path in files for document in read_documents(path)]
    if watch and len(documents) > 1:
        raise CliError(f"--watch follows one experiment, and the files describe {len(documents)}")
    made = submit_experiments(session.client, documents, launch=launch or watch, resource=resource)
    if not watch:
        session.show(
            made if len(made) > 1 else made[0], "\n".join(f"{one.id}  {one.state}  {one.name}" for one in made)
        )
        return
    session.say(f"experiment {made[0].id}")
    follow_to_the_end(session, made[0])


@app.command("launch")
@with_session
def launch(session: Session, *, experiment: ExperimentArgument, watch: WatchOption = False) -> None:
    """Launch an experiment; refused when it was launched before."""
    launched = session.client.experiments.launch(find_experiment(session.client, experiment).id)
    if watch:
        follow_to_the_end(session, launched)
    else:
        session.show(launched, f"{launched.id}  {launched.state}  {launched.name}")


@app.command("list")
@with_session
def list_experiments(  # noqa: PLR0913 - the filters, by option
    session: Session,
    states: Annotated[
        list[ExperimentState] | None, typer.Option("--state", help="Only these states; may be given several times.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Only names that contain this.")] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="Only those that bear it.")] = None,
    *,
    archived: Annotated[bool, typer.Option("--archived", help="Only those that were put away.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most to list.")] = 50,
) -> None:
    """List experiments, newest first."""
    found: list[Experiment] = []
    for one in session.client.experiments.list(states=states or (), name=name, tags=tags or (), archived=archived):
        found.append(one)
        if len(found) == limit:
            break
    rows = (
        (one.id, one.state, one.name, one.owner, f"{one.created_at.astimezone():%Y-%m-%d %H:%M:%S}") for one in found
    )
    session.show(found, table(("ID", "STATE", "NAME", "OWNER", "CREATED"), rows))


@app.command("show")
@with_session
def show(session: Session, experiment: NewestArgument = None) -> None:
    """Show an experiment with its tasks and jobs."""
    calls = session.client.experiments
    one = calls.get(newest_experiment(session.client, experiment).id)
    tasks = list(calls.tasks(one.id))
    jobs = list(calls.jobs(one.id))
    runs = list(calls.processes(one.id))
    if session.as_json:
        session.json_line({"experiment": one, "processes": runs, "tasks": tasks, "jobs": jobs}, indent=2)
        return
    session.show(
        None, f"{one.name}  {one.state}\nid {one.id}, owner {one.owner}, created {one.created_at.astimezone():%c}"
    )
    if one.failure is not None:
        session.show(None, f"{one.failure.kind}: {one.failure.sentence}")
    session.show(None, one.next)
    if one.deadline_at is not None and one.ended_at is None:
        session.show(None, f"must have ended by {one.deadline_at.astimezone():%c}")
    if one.placement is not None:
        session.show(None, str(one.placement["reason"]))
    if len(runs) > 1:
        session.show(None, "runs: " + ", ".join(f"{run.number} {run.state}" for run in reversed(runs)))
    rows = (
        (task.name, task.type, task.state, task.attempt, task.failure.sentence if task.failure else "")
        for task in tasks
    )
    session.show(None, "")
    session.show(None, table(("TASK", "TYPE", "STATE", "ATTEMPT", "FAILURE"), rows))
    if jobs:
        session.show(None, "")
        lines = ((job.native_id, job.job_name, job.state, job.exit_code, job.reason) for job in jobs)
        session.show(None, table(("JOB", "NAME", "STATE", "EXIT CODE", "REASON"), lines))


@app.command("watch")
@with_session
def watch(session: Session, experiment: NewestArgument = None) -> None:
    """Follow an experiment until it ends; Ctrl-C stops only the watching."""
    follow_to_the_end(session, newest_experiment(session.client, experiment))


app.command("logs")(with_session(logs))


@app.command("outputs")
@with_session
def outputs(
    session: Session,
    experiment: NewestArgument = None,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these outputs.", show_default=False)
    ] = None,
    download: Annotated[
        Path | None, typer.Option("--download", metavar="DIR", help="Save them there.", show_default=False)
    ] = None,
) -> None:
    """List what an experiment made, or download it."""
    one = newest_experiment(session.client, experiment)
    found = list(session.client.experiments.outputs(one.id))
    unknown = set(names or ()) - {output.name for output in found}
    if unknown:
        known = ", ".join(output.name for output in found) or "none yet"
        raise CliError(f"{one.name} has no output {min(unknown)!r}; it has {known}")
    chosen = [output for output in found if not names or output.name in names]
    if download is None:
        session.show(chosen, outputs_table(chosen))
        return
    saved = save_outputs(session.client, one.id, chosen, download)
    session.show([{"name": name, "path": str(path)} for name, path in saved], "\n".join(str(path) for _, path in saved))


@app.command("cancel")
@with_session
def cancel(
    session: Session,
    experiment: ExperimentArgument,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the experiment.")] = "",
) -> None:
    """Ask for an experiment to be stopped."""
    canceled = session.client.experiments.cancel(find_experiment(session.client, experiment).id, reason)
    session.show(canceled, f"{canceled.id}  {canceled.state}  {canceled.name}")


@app.command("give-up")
@with_session
def give_up(
    session: Session,
    experiment: ExperimentArgument,
    task: Annotated[
        str | None, typer.Option("--task", metavar="NAME", help="Only this task.", show_default=False)
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the experiment.")] = "",
) -> None:
    """Wait no longer for a resource that is away: what is blocked fails."""
    one = find_experiment(session.client, experiment)
    calls = session.client.experiments
    if task is None:
        ended = calls.give_up(one.id, reason)
    else:
        found = next((each for each in calls.tasks(one.id) if task in {each.name, each.id}), None)
        if found is None:
            raise CliError(f"{one.name} has no task {task!r}")
        ended = calls.give_up_task(found.id, reason)
    session.show(ended, f"{ended.id}  {ended.state}  {ended.name}")


@app.command("clone")
@with_session
def clone(
    session: Session,
    experiment: ExperimentArgument,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="The new one's name.")] = None,
) -> None:
    """Make a new experiment with the same inputs, to be launched on its own."""
    made = session.client.experiments.clone(find_experiment(session.client, experiment).id, name)
    session.show(made, f"{made.id}  {made.state}  {made.name}")


@app.command("delete")
@with_session
def delete(session: Session, experiment: ExperimentArgument) -> None:
    """Delete an experiment that does not run."""
    one = find_experiment(session.client, experiment)
    session.client.experiments.delete(one.id)
    session.show({"deleted": one.id}, f"{one.name} is deleted")
