"""The batch script of a job, rendered as it would be submitted. Nobody logs in for it."""

from howdah.compute.submission import rendered
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.looks import MAX_SCRIPT_CHARS, BatchScript, ScriptRequest
from howdah.tasks.looks import Look


def look_at_script(look: Look) -> BatchScript:
    """Return the script and the submit command's options."""
    wanted = ScriptRequest.model_validate(look.params)
    try:
        text, options = rendered(look.target, wanted.submission, wanted.task_id)
    except ValueError as error:
        sentence = f"The job can't be submitted to {look.target.name}: {error}"
        raise TaskError.of(FailureKind.PERMANENT, sentence, operation="render the script") from None
    return BatchScript(
        text=text[:MAX_SCRIPT_CHARS], truncated=len(text) > MAX_SCRIPT_CHARS, options=tuple(map(str, options))
    )
