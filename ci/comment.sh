#!/usr/bin/env bash
# Writes a plan to a pull request: one comment, found again by its first line and its author, and updated.
#
# Reads GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, ROSEY_PULL_REQUEST, ROSEY_PLAN (the file that `rosey plan --format
# markdown` wrote), ROSEY_CHANGES, ROSEY_COMMENT_NAME and ROSEY_COMMENT_AUTHOR. Needs curl and jq.
set -euo pipefail

marker='<!-- rosey plan -->'
author=${ROSEY_COMMENT_AUTHOR:-github-actions[bot]}
name=${ROSEY_COMMENT_NAME:-}
repository=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY
comments=$repository/issues/$ROSEY_PULL_REQUEST/comments
# What GitHub takes in one comment, in characters.
longest=65536

fail() {
    echo "::error::$1" >&2
    exit 1
}

# The token is in no argument, where other processes could read it.
api() {
    curl --silent --show-error --fail-with-body --max-time 60 \
        --config <(printf 'header = "Authorization: Bearer %s"\n' "$GITHUB_TOKEN") \
        --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' "$@"
}

if [ "$(head -n 1 "$ROSEY_PLAN")" != "$marker" ]; then
    fail "$ROSEY_PLAN is no plan in markdown: its first line is not $marker"
fi
case $name in
'') ;;
*[!A-Za-z0-9\ ._-]*) fail "comment-name takes letters, digits, spaces and . _ -" ;;
*) marker="<!-- rosey plan: $name -->" ;;
esac

body=$(mktemp "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/comment.XXXXXX")
trap 'rm -f "$body" "$body.json"' EXIT
{
    printf '%s\n' "$marker"
    tail -n +2 "$ROSEY_PLAN"
} >"$body"
if [ "$(jq -Rs length <"$body")" -gt "$longest" ]; then
    # Half a plan would be a wrong one.
    run=${GITHUB_SERVER_URL:-https://github.com}/$GITHUB_REPOSITORY/actions/runs/${GITHUB_RUN_ID:-}
    printf '%s\nThe plan is too long for a comment. It is whole in [the summary of the run](%s).\n' "$marker" "$run" >"$body"
fi
jq -Rs '{body: .}' <"$body" >"$body.json"

# The comment that is there: somebody else's with the same first line is not it.
comment=
page=1
while true; do
    found=$(api "$comments?per_page=100&page=$page") || fail "the comments cannot be read: ${found:-no answer}"
    comment=$(jq -r --arg marker "$marker" --arg author "$author" '
        [.[] | select(.user.login == $author)
             | select((.body // "" | split("\n")[0] // "" | rtrimstr("\r")) == $marker)][0].id // empty' <<<"$found")
    if [ -n "$comment" ] || [ "$(jq length <<<"$found")" -lt 100 ]; then
        break
    fi
    page=$((page + 1))
done

if [ -n "$comment" ]; then
    answer=$(api --request PATCH "$repository/issues/comments/$comment" --data-binary "@$body.json") ||
        fail "the comment cannot be updated; the job needs \`permissions: pull-requests: write\`: ${answer:-no answer}"
    echo "updated comment $comment"
elif [ "${ROSEY_CHANGES:-true}" = true ]; then
    answer=$(api --request POST "$comments" --data-binary "@$body.json") ||
        fail "the comment cannot be written; the job needs \`permissions: pull-requests: write\`: ${answer:-no answer}"
    echo "wrote comment $(jq -r .id <<<"$answer")"
else
    echo "there is nothing to change, and no comment that says otherwise"
fi
