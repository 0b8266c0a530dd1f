#!/bin/sh
# Starts a broker that is its own controller. As in the official image, KAFKA_LOG_DIRS sets log.dirs and so on, and
# CLUSTER_ID names the cluster when its storage is formatted the first time.
set -eu
config=/tmp/server.properties
awk 'BEGIN {
  for (name in ENVIRON) if (name ~ /^KAFKA_/ && name !~ /^KAFKA_(HEAP_OPTS|JVM_PERFORMANCE_OPTS)$/) {
    key = tolower(substr(name, 7)); gsub(/___/, "-", key); gsub(/__/, "\001", key); gsub(/_/, ".", key); gsub(/\001/, "_", key)
    print key "=" ENVIRON[name]
  }
}' > "$config"
class_path='/opt/kafka/libs/*'
if ! [ -f "${KAFKA_LOG_DIRS:-/var/lib/kafka/data}/meta.properties" ]; then
  java -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$class_path" kafka.tools.StorageTool \
    format --ignore-formatted -t "$CLUSTER_ID" -c "$config"
fi
# shellcheck disable=SC2086  # options are words
exec java ${KAFKA_HEAP_OPTS:--Xms128m -Xmx512m} -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.showDateTime=true \
  -cp "$class_path" kafka.Kafka "$config"
