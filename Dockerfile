# syntax=docker/dockerfile:1
# Two stages: the first installs what requirements-run.lock pins (no tool of development) and Tenfold; the second only runs it.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/tenfold
COPY requirements-run.lock ./
RUN /opt/tenfold/bin/pip install --require-hashes -r requirements-run.lock
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY contract contract
COPY generator generator
COPY detector detector
COPY store store
COPY campaign campaign
COPY api api
COPY cli cli
COPY loadtests loadtests
COPY scenarios scenarios
# hatchling, which builds, is pinned with the rest and not needed afterwards.
RUN /opt/tenfold/bin/pip install --no-deps --no-build-isolation . && /opt/tenfold/bin/pip uninstall --yes hatchling

FROM python:3.13-slim
# A login shell (KubeRay starts Ray in one) forgets PATH and reads it from /etc/profile.d: that shell is to fill in $PATH.
# hadolint ignore=SC2016
RUN groupadd --gid 8150 tenfold && useradd --uid 8150 --gid 8150 --create-home tenfold \
  && install -d -o tenfold -g tenfold /data \
  && echo 'export PATH=/opt/tenfold/bin:$PATH' > /etc/profile.d/tenfold.sh
COPY --from=build /opt/tenfold /opt/tenfold
ENV PATH=/opt/tenfold/bin:$PATH \
    NUMBA_CACHE_DIR=/data/.kernels \
    PYTHONDONTWRITEBYTECODE=1
USER 8150:8150
WORKDIR /data
VOLUME /data
EXPOSE 8150
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8150/healthz', timeout=2)"]
# Loopback inside the container: publish it with `--network host`, or with keys as deploy/compose.yaml does.
ENTRYPOINT ["tenfold"]
CMD ["serve", "--runs", "/data/runs", "--port", "8150"]
