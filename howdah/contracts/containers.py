"""A container image that an application runs in, on the resource, without a daemon: Apptainer or Podman."""

import re
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator


class ContainerRuntime(StrEnum):
    """The program that runs the image. APPTAINER also finds an installation that still calls itself singularity."""

    APPTAINER = "apptainer"
    PODMAN = "podman"


class ContainerGpu(StrEnum):
    """Whose GPUs are made visible inside."""

    NVIDIA = "nvidia"
    AMD = "amd"


_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?(/[a-z0-9][a-z0-9._-]*)*"
_REFERENCE: Final = _NAME + r"(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?"
_FILE: Final = r"(/|~/)[^\x00-\x1f,:]*"
_IMAGES: Final = {
    ContainerRuntime.APPTAINER: re.compile(rf"(docker|oras|library|shub)://{_REFERENCE}|{_FILE}"),
    ContainerRuntime.PODMAN: re.compile(rf"(docker://)?{_REFERENCE}"),
}
_EXPECTED: Final = {
    ContainerRuntime.APPTAINER: "docker://registry/name:tag, oras://…, library://… or the path of an image file",
    ContainerRuntime.PODMAN: "registry/name:tag, with @sha256:… where it must not change",
}
BindPath = Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f,:]*$", max_length=1_000)]
"""An absolute path; ``,`` and ``:`` have a meaning of their own where runtimes take binds."""


class Bind(BaseModel):
    """A directory of the resource that is seen inside."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: BindPath
    target: BindPath | None = None
    """Where it is seen; by default where it is."""
    read_only: bool = False


class Container(BaseModel):
    """The image and how it is run. The work directory is always there, under its own path, and is where it starts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runtime: ContainerRuntime = ContainerRuntime.APPTAINER
    image: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    gpu: ContainerGpu | None = None
    binds: tuple[Bind, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _image_is_a_reference(self) -> Self:
        if not _IMAGES[self.runtime].fullmatch(self.image):
            raise ValueError(f"image: {self.image!r} is no image for {self.runtime.value}: {_EXPECTED[self.runtime]}")
        return self
