#!/bin/sh
# start_postgres.sh BIN FOLDER PID DURABLE [SETTINGS]
# Starts a PostgreSQL cluster in FOLDER unless it runs already, prints its port, and leaves a
# watcher behind that stops it and removes FOLDER when the process PID has ended.
set -eu
bin=$1 folder=$2 pid=$3 durable=$4 settings=${5:-}

# initdb refuses to run as root.
as_owner() {
  if [ "$(id -u)" = 0 ]; then
    if id postgres >/dev/null 2>&1; then runuser -u postgres -- "$@"; else runuser -u nobody -- "$@"; fi
  else
    "$@"
  fi
}

exec 9>"$folder.lock"
flock 9
if [ ! -s "$folder/port" ]; then
  mkdir -p "$folder"
  if [ "$(id -u)" = 0 ]; then
    chown "$(id -u postgres 2>/dev/null || id -u nobody)" "$folder"
  fi
  as_owner "$bin/initdb" -D "$folder/data" -U tapebook -A trust -E UTF8 --no-sync --locale=C.UTF-8 >/dev/null 2>&1 9>&-
  port=$(awk 'BEGIN { srand('"$(date +%N | sed 's/^0*//')"'); print 20000 + int(rand() * 30000) }')
  tries=0
  until as_owner "$bin/pg_ctl" -D "$folder/data" -w -t 30 -l "$folder/log" \
    -o "-p $port -k $folder -h 127.0.0.1 -F -c fsync=$durable -c synchronous_commit=$durable \
        -c full_page_writes=$durable -c max_connections=60 -c shared_buffers=64MB $settings" \
    start >/dev/null 2>&1 9>&-; do
    tries=$((tries + 1))
    [ "$tries" -lt 5 ] || { cat "$folder/log" >&2; exit 1; }
    port=$((port + 7))
  done
  echo "$port" >"$folder/port"
  setsid sh -c '
    while kill -0 "$1" 2>/dev/null; do sleep 1; done
    if [ "$(id -u)" = 0 ]; then
      owner=$(stat -c %U "$2/data")
      runuser -u "$owner" -- "$3/pg_ctl" -D "$2/data" -m immediate stop
    else
      "$3/pg_ctl" -D "$2/data" -m immediate stop
    fi
    rm -rf "$2" "$2.lock"
  ' watcher "$pid" "$folder" "$bin" >/dev/null 2>&1 </dev/null 9>&- &
fi
cat "$folder/port"
