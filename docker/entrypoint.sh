#!/bin/sh
# What the image runs, by its first argument:
#   api-server · orchestrator · migrate · topics …          the API half (settings: HOWDAH_DATABASE_URL …)
#   env-setup · input-staging · job-submission · …         a task service, by its name
#   howdah …                                               the command line
#   anything else                                          that program, for images that are built on this one
set -eu
case "${1:-api-server}" in
  api-server)   exec python3 -m api_server serve ;;
  orchestrator) exec python3 -m api_server.orchestrator ;;
  migrate | await-migrations | topics | keys | bootstrap) exec python3 -m api_server "$@" ;;
  howdah)       exec "$@" ;;
esac
module=services.$(printf %s "$1" | tr - _)
if python3 -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)' "$module" 2>/dev/null; then
  exec python3 -m "$module"
fi
exec "$@"
