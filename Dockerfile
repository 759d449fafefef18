# One image; the command chooses what it is: web (default), worker, data, beat, migrate or seed; backup and restore too.
FROM python:3.11-slim AS build
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
COPY requirements.txt .
# The pin is that of webapp/bootstrap.py. The list is a complete lock, so nothing is left to resolve.
RUN python -m venv /opt/assay \
    && pip install --no-cache-dir uv==0.13.9 \
    && uv pip install --no-cache --no-deps --require-hashes --python /opt/assay/bin/python -r requirements.txt

FROM python:3.11-slim
LABEL org.opencontainers.image.title="Assay" org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/assay/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ASSAY_HOME=/data ASSAY_HOST=0.0.0.0
RUN useradd --create-home --uid 10001 assay && install -d -o assay -g assay -m 700 /data
COPY --from=build /opt/assay /opt/assay
WORKDIR /app
COPY . .
# The code belongs to root and is only read, so its bytecode has to be there already.
RUN python -m compileall -q .
USER assay
VOLUME /data
EXPOSE 8050
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8050/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "webapp"]
CMD ["web"]
