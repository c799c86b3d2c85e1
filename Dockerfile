# Two stages on one base: the first makes a virtual environment, the second is given nothing but that.
FROM docker.io/library/python:3.11-slim AS build
WORKDIR /build
RUN python3 -m venv --without-pip /opt/waexporter
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY alerts alerts
COPY grafana grafana
COPY waexporter waexporter
# Wheels only: nothing is compiled here, so no compiler is needed. pip itself compiles to bytecode, which
# the read-only container could not do at its start.
RUN python3 -m pip --python /opt/waexporter/bin/python install \
    --no-cache-dir --disable-pip-version-check --only-binary :all: --constraint constraints.txt '.[fallback]'

FROM docker.io/library/python:3.11-slim
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="waexporter" \
      org.opencontainers.image.description="Prometheus exporter and health agent for the WhatsApp Business On-Premises API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/waexporter /opt/waexporter
ENV PATH=/opt/waexporter/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WAEXPORTER_LISTEN=0.0.0.0:9847
EXPOSE 9847
# A number, so that Kubernetes can see for itself that it is not root; it owns no file here.
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["waexporter", "healthcheck"]
ENTRYPOINT ["waexporter"]
CMD ["run"]
