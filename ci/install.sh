#!/usr/bin/env bash
# Finds rosey, or builds it from the action's own source, which has the version that the workflow specifies.
set -euo pipefail

binary=${ROSEY_BINARY:-}
if [ -z "$binary" ]; then
    binary=$(command -v rosey || true)
fi
if [ -z "$binary" ]; then
    cargo install --locked --path "$GITHUB_ACTION_PATH" --root "$RUNNER_TEMP/rosey"
    binary=$RUNNER_TEMP/rosey/bin/rosey
fi
case $binary in
/* | [A-Za-z]:*) ;;
*) binary=$PWD/$binary ;;
esac
"$binary" --version
echo "binary=$binary" >>"$GITHUB_OUTPUT"
