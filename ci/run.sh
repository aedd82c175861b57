#!/usr/bin/env bash
# Plans or applies, and writes the result to $GITHUB_OUTPUT: exit-code, changes, and for a plan its file.
#
# Reads ROSEY_COMMAND, ROSEY_URL, ROSEY_SCHEMA, ROSEY_ARGS, ROSEY_COUNTS, ROSEY_MESSAGE, ROSEY_BINARY and the name of the
# event. Runs nothing if no database is specified: a plan for an empty one would create everything.
set -euo pipefail

rosey=${ROSEY_BINARY:-rosey}
temporary=${RUNNER_TEMP:-${TMPDIR:-/tmp}}
arguments=()
if [ -n "${ROSEY_SCHEMA:-}" ]; then
    arguments+=(--schema "$ROSEY_SCHEMA")
fi
while read -r -a more || [ "${#more[@]}" -gt 0 ]; do
    arguments+=(${more[@]+"${more[@]}"})
done <<<"${ROSEY_ARGS:-}"

# Returns whether the arguments contain --counts.
says_counts() {
    local argument
    for argument in ${arguments[@]+"${arguments[@]}"}; do
        case $argument in
        --counts | --counts=*) return 0 ;;
        esac
    done
    return 1
}

# The schema file of a pull request may come from anyone. A flag, so that a rosey.kdl of the branch cannot override it.
counts=${ROSEY_COUNTS:-}
if [ -z "$counts" ] && [ "${ROSEY_COMMAND:-plan}" = plan ] && ! says_counts; then
    case ${GITHUB_EVENT_NAME:-} in
    pull_request* | issue_comment) counts=safe ;;
    esac
fi
if [ -n "$counts" ]; then
    arguments+=(--counts "$counts")
fi
# A secret that does not exist is an empty string; it must not override the variable.
if [ -n "${ROSEY_URL:-}" ]; then
    export ROSEY_DATABASE_URL=$ROSEY_URL
fi

say() {
    echo "$1=$2" >>"$GITHUB_OUTPUT"
}

names_a_database() {
    local argument
    if [ -n "${ROSEY_DATABASE_URL:-}" ] || { [ -f config.json ] && grep -q '"database\(_url\)\{0,1\}"' config.json; }; then
        return 0
    fi
    for argument in ${arguments[@]+"${arguments[@]}"}; do
        case $argument in
        --url | --url=* | --env | --env=* | --config | --config=* | --state | --state=*) return 0 ;;
        esac
    done
    return 1
}

# Text from a schema or a database may look like a workflow command in the log: such commands are disabled meanwhile.
token=rosey-$RANDOM$RANDOM$RANDOM
quietly() {
    echo "::stop-commands::$token"
    code=0
    "$@" || code=$?
    echo "::$token::"
}

code=0
changes=false
case ${ROSEY_COMMAND:-plan} in
plan | apply) ;;
*)
    echo "command must be plan or apply, not ${ROSEY_COMMAND}" >&2
    exit 1
    ;;
esac
if ! names_a_database; then
    echo "::error::no database is specified: the input \`url\` is empty (does the secret exist?), and args, ROSEY_DATABASE_URL and config.json do not specify one either" >&2
    say exit-code 1
    say changes false
    exit 1
fi
output=$(mktemp "$temporary/rosey.XXXXXX")
errors=$(mktemp "$temporary/rosey-errors.XXXXXX")

run() {
    local code=0
    # The plan first, then the errors: a log that ends with the plan would look as if it had succeeded.
    "$rosey" "$@" 2>"$errors" | tee "$output" || code=$?
    cat "$errors" >&2
    return "$code"
}

# Writes the reason of a failure as an annotation. Line breaks are escaped, as they would end the workflow command.
annotate() {
    local reason
    reason=$(awk '/^error: /{ found = 1 } found && !/^  help: /{ print } found && /^  help: /{ exit }' "$errors" | head -n 20)
    if [ -z "$reason" ]; then
        reason=$(tail -n 20 "$errors")
    fi
    reason=${reason//'%'/%25}
    reason=${reason//$'\r'/%0D}
    reason=${reason//$'\n'/%0A}
    echo "::error title=rosey ${ROSEY_COMMAND:-plan}::$reason" >&2
}

case ${ROSEY_COMMAND:-plan} in
plan)
    quietly run plan --detailed-exitcode --format markdown ${arguments[@]+"${arguments[@]}"}
    say exit-code "$code"
    if [ "$code" = 2 ]; then
        changes=true
        code=0
    fi
    if [ "$code" = 0 ]; then
        say plan "$output"
        # GitHub limits a summary to 1 MiB.
        if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ "$(wc -c <"$output")" -lt 1000000 ]; then
            cat "$output" >>"$GITHUB_STEP_SUMMARY"
        fi
    fi
    ;;
apply)
    if [ -n "${ROSEY_MESSAGE:-}" ]; then
        arguments+=(--message "$ROSEY_MESSAGE")
    fi
    quietly run apply --auto-approve ${arguments[@]+"${arguments[@]}"}
    # On PostgreSQL, a statement may fail after the transaction is committed.
    if grep -q '^Apply complete' "$output" || grep -q -e 'the transaction is committed' -e 'verification failed after the commit' "$errors"; then
        changes=true
    fi
    say exit-code "$code"
    ;;
esac
say changes "$changes"
if [ "$code" != 0 ]; then
    annotate
fi
exit "$code"
