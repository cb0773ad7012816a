# Segue with its player, for amd64 and arm64:
#   docker buildx build --platform linux/amd64,linux/arm64 --tag segue .

# The wheel is the same for every machine, so it is built on the one that builds. Its page needs Node, from PyPI.
FROM --platform=$BUILDPLATFORM python:3.13-slim AS wheel
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
COPY --from=wheel /wheels /wheels
# hadolint ignore=DL3013
RUN set -- /wheels/*.whl && pip install --no-cache-dir --no-compile "$1[serve]" && rm -r /wheels
COPY --chmod=755 deploy/entrypoint.sh /usr/local/bin/segue-entrypoint
ENV SEGUE_LIBRARY=/data/library SEGUE_MODELS=/data/models PUID=1000 PGID=1000
VOLUME /data
EXPOSE 8765
HEALTHCHECK --interval=1m --start-period=1m \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8765/api/v1/health', timeout=5)"]
ENTRYPOINT ["segue-entrypoint"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8765", "--no-open", "--folder", "/music", "--watch"]
