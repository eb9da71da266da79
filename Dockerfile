# syntax=docker/dockerfile:1
# Two images, `api` and `relay`:  docker build --target api -t tasuki-api .   (compose.yaml builds both)
# What the RUN lines do are the scripts in tools/image, which tests/packaging runs in empty environments.

FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1

# The wheel: the only stage with a compiler.
FROM base AS builder
WORKDIR /source
COPY tools/system-packages tools/system-packages
RUN tools/system-packages build
COPY . .
RUN --mount=type=cache,target=/root/.cache tools/image/wheel /wheel

FROM builder AS api-environment
RUN --mount=type=cache,target=/root/.cache tools/image/environment api /opt/tasuki /wheel

FROM builder AS relay-environment
RUN --mount=type=cache,target=/root/.cache tools/image/environment relay /opt/tasuki /wheel

# What both images have: a user that owns /data and nothing else. The root file system may be read-only.
FROM base AS part
COPY --chmod=755 tools/image/user /tmp/user
RUN /tmp/user && rm /tmp/user
COPY tools/image/healthy.py /opt/healthy.py
ENV PATH=/opt/tasuki/bin:$PATH TASUKI_DATA_DIR=/data
WORKDIR /data
VOLUME /data
USER 10001:10001
STOPSIGNAL SIGTERM

FROM part AS api
COPY --from=api-environment /opt/tasuki /opt/tasuki
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=6 \
  CMD ["python", "/opt/healthy.py", "api"]
CMD ["python", "-m", "api.main"]

FROM part AS relay
COPY --from=relay-environment /opt/tasuki /opt/tasuki
EXPOSE 8443
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=6 \
  CMD ["python", "/opt/healthy.py", "relay"]
CMD ["python", "-m", "relay.main"]
