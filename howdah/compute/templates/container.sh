# Runs container images without a daemon. Exit 94: the runtime is not there.

run_apptainer() {
    if command -v apptainer >/dev/null 2>&1; then apptainer "$@"
    elif command -v singularity >/dev/null 2>&1; then singularity "$@"
    else
        echo "Neither apptainer nor singularity is on the PATH of the job: load a module, or install one." >&2
        return 94
    fi
}
run_podman() {
    command -v podman >/dev/null 2>&1 || { echo "podman is not on the PATH of the job: load a module, or install it." >&2; return 94; }
    podman "$@"
}
