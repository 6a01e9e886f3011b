# syntax=docker/dockerfile:1
# Built in one stage, run in the other: no compiler, no pip cache, and code that its user cannot change.
FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements.txt constraints.txt ./
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --quiet -r requirements.txt

FROM python:3.11.14-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    DEBUG=false \
    WEB_HOST=0.0.0.0 \
    WEB_PORT=8000
RUN groupadd --system --gid 10001 butler \
    && useradd --system --uid 10001 --gid butler --home-dir /app --shell /usr/sbin/nologin butler \
    && install --directory --owner butler --group butler /data
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY . .
# Compiled now, as nobody can write it down later: every health check starts a Python.
# The static files depend on no setting but DEBUG, which says where they go; Django wants any key at all.
RUN python -m compileall -q . && \
    DATA_DIR=/tmp/build SECRET_KEY=none python manage.py collectstatic --noinput --verbosity 0 && rm -rf /tmp/build
USER 10001:10001
VOLUME /data
EXPOSE 8000
# Any answer below 500 is a sign of life: 127.0.0.1 need not be among ALLOWED_HOSTS.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --start-interval=2s \
    CMD ["python", "-c", "import http.client, os; connection = http.client.HTTPConnection('127.0.0.1', int(os.environ['WEB_PORT']), timeout=4); connection.request('GET', '/health'); raise SystemExit(connection.getresponse().status >= 500)"]
CMD ["gunicorn", "butler_project.wsgi", "-c", "butler_project/gunicorn.conf.py"]
