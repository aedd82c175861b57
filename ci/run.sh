#!/usr/bin/env bash
# Plans or applies, and says in $GITHUB_OUTPUT what came of it: exit-code, changes, and for a plan its file.
set -euo pipefail

rosey=${ROSEY_BINARY:-rosey}
temporary=${RUNNER_TEMP:-${TMPDIR:-/tmp}}
arguments=()
if [ -n "${ROSEY_SCHEMA:-}" ]; then
    arguments+=(--schema "$ROSEY_SCHEMA")
fi
read -r -a more <<<"${ROSEY_ARGS:-}" || true
arguments+=(${more[@]+"${more[@]}"})
output=$(mktemp "$temporary/rosey.XXXXXX")

# What a schema says may look like a command to the runner, which reads the log: it is told not to.
show() {
    local token
    token=rosey-$RANDOM$RANDOM$RANDOM
    echo "::stop-commands::$token"
    cat "$1"
    echo "::$token::"
}

say() {
    echo "$1=$2" >>"$GITHUB_OUTPUT"
}

code=0
changes=false
case ${ROSEY_COMMAND:-plan} in
plan)
    "$rosey" plan --detailed-exitcode --format markdown ${arguments[@]+"${arguments[@]}"} >"$output" || code=$?
    show "$output"
    if [ "$code" = 2 ]; then
        changes=true
        code=0
        say exit-code 2
    else
        say exit-code "$code"
    fi
    if [ "$code" = 0 ]; then
        say plan "$output"
        # GitHub takes a summary of up to 1 MiB.
        if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ "$(wc -c <"$output")" -lt 1000000 ]; then
            cat "$output" >>"$GITHUB_STEP_SUMMARY"
        fi
    fi
    ;;
apply)
    "$rosey" apply --auto-approve ${arguments[@]+"${arguments[@]}"} >"$output" || code=$?
    show "$output"
    if grep -q '^Apply complete' "$output"; then
        changes=true
    fi
    say exit-code "$code"
    ;;
*)
    echo "the command is plan or apply, and not ${ROSEY_COMMAND}" >&2
    exit 1
    ;;
esac
say changes "$changes"
exit "$code"
