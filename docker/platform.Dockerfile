# The platform: one image for the API server with its console, the orchestrator, every task service, migrations, the CLI.
# `make images` builds the wheel that is copied in. What is run: see docker/entrypoint.sh.
ARG DEBIAN_IMAGE=debian:bookworm-slim

FROM ${DEBIAN_IMAGE} AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates python3-venv \
 && python3 -m venv /opt/howdah
COPY docker/requirements.lock /tmp/
RUN /opt/howdah/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/requirements.lock
COPY build/images/howdah-*.whl /tmp/
RUN /opt/howdah/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --no-deps /tmp/howdah-*.whl \
 && /opt/howdah/bin/pip uninstall --quiet --yes setuptools pip \
 && /opt/howdah/bin/python3 -m compileall -q /opt/howdah/lib

FROM ${DEBIAN_IMAGE}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates python3 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
 && groupadd --gid 10001 howdah \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin howdah \
 && install --directory --owner 10001 --group 10001 /var/lib/howdah
COPY --from=build /opt/howdah /opt/howdah
COPY docker/entrypoint.sh docker/healthcheck.py /usr/local/bin/
ENV PATH=/opt/howdah/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOWDAH_BIND_HOST=0.0.0.0 \
    HOWDAH_BIND_PORT=8700 \
    HOWDAH_HEALTH_HOST=0.0.0.0 \
    HOWDAH_HEALTH_PORT=8701
# 8700: the API with the console. 8701: probes and metrics of every other process.
EXPOSE 8700 8701
USER 10001:10001
WORKDIR /var/lib/howdah
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 CMD ["python3", "/usr/local/bin/healthcheck.py"]
ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]
CMD ["api-server"]
