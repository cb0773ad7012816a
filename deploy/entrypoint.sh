#!/bin/sh
# Runs segue as the user PUID and group PGID, whom the folder /data is given to. BASE_PATH, such as /segue, is
# the path below which a proxy shows the service.
set -eu
if [ "${1:-}" = serve ] && [ -n "${BASE_PATH:-}" ]; then
  set -- "$@" --base-path "$BASE_PATH"
fi
if [ "$(id -u)" = 0 ]; then
  mkdir -p /data
  [ "$(stat -c %u:%g /data)" = "$PUID:$PGID" ] || chown -R "$PUID:$PGID" /data
  export HOME=/data
  exec setpriv --reuid="$PUID" --regid="$PGID" --clear-groups -- segue "$@"
fi
exec segue "$@"
