"""A task service of one's own: counts the words of a file in the object store, or of one on a compute resource."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from howdah.contracts.params import ObjectUri
from howdah.contracts.resources import RemotePath
from howdah.tasks import FailureKind, TaskContext, TaskError, run_service, task


class WordCountParams(BaseModel):
    """Where the text is: an object, or a path on the task's compute resource."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: ObjectUri | None = None
    path: RemotePath | None = None
    least: int = Field(default=0, ge=0)
    """Fail when there are fewer words than this."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "WordCountParams":
        if (self.source is None) == (self.path is None):
            raise ValueError("give either source or path")
        return self


class WordCount(BaseModel):
    """What later tasks may bind to."""

    words: int


@task("word-count", params=WordCountParams, threads=8)
def word_count(context: TaskContext[WordCountParams]) -> WordCount:
    """Count, say how it went, and complain in words that a scientist understands."""
    params = context.params
    words = _in_object(context, params.source) if params.source else _on_resource(context, params.path or "")
    context.log(f"{words} words")
    if words < params.least:
        raise TaskError.of(FailureKind.PERMANENT, f"The text has {words} words, fewer than the {params.least} wanted.")
    return WordCount(words=words)


def _in_object(context: TaskContext[WordCountParams], uri: str) -> int:
    words, inside, read = 0, False, 0
    with context.open_input(uri) as chunks:
        for chunk in chunks:
            context.cancel.check()
            for byte in chunk:
                space = byte in b" \t\r\n"
                words += inside and space
                inside = not space
            read += len(chunk)
            context.progress(f"{read} bytes read")
    return words + inside


def _on_resource(context: TaskContext[WordCountParams], path: str) -> int:
    with context.connect() as connection:
        result = connection.run_script('wc -w < "$file"', {"file": connection.expand(path)})
    if result.exit_status != 0:
        raise TaskError.of(
            FailureKind.PERMANENT,
            f"The words of {path} could not be counted.",
            detail=result.stderr.decode(errors="replace"),
            host=context.target.host,
        )
    return int(result.stdout)


if __name__ == "__main__":
    raise SystemExit(run_service(word_count))
