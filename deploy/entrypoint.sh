#!/bin/sh
# Runs segue as the user PUID and group PGID, whom the folder /data is given to.
set -eu
if [ "$(id -u)" = 0 ]; then
  mkdir -p /data
  [ "$(stat -c %u:%g /data)" = "$PUID:$PGID" ] || chown -R "$PUID:$PGID" /data
  export HOME=/data
  exec setpriv --reuid="$PUID" --regid="$PGID" --clear-groups -- segue "$@"
fi
exec segue "$@"
