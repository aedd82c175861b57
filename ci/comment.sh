#!/usr/bin/env bash
# Writes a plan to a pull request as one comment, which is identified by its first line and its author, and is updated. If the
# plan failed, an existing comment is replaced by a note, as it shows the plan of an older commit.
#
# Reads GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, ROSEY_PULL_REQUEST, ROSEY_PLAN (the file that `rosey plan --format
# markdown` wrote; empty if it failed), ROSEY_CHANGES, ROSEY_COMMIT, ROSEY_COMMENT_NAME and ROSEY_COMMENT_AUTHOR. Needs curl
# and jq.
set -euo pipefail

marker='<!-- rosey plan -->'
author=${ROSEY_COMMENT_AUTHOR:-github-actions[bot]}
name=${ROSEY_COMMENT_NAME:-}
repository=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY
comments=$repository/issues/$ROSEY_PULL_REQUEST/comments
# The maximum length of a comment on GitHub, in characters.
longest=65536

fail() {
    echo "::error::$1" >&2
    exit 1
}

# Sends a request. The token is not passed as an argument, which other processes could read. Sets `answer` and `status`.
api() {
    local code=0
    answer=$(curl --silent --show-error --fail-with-body --max-time 60 --write-out '\n%{http_code}' \
        --config <(printf 'header = "Authorization: Bearer %s"\n' "$GITHUB_TOKEN") \
        --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' "$@") || code=$?
    status=${answer##*$'\n'}
    answer=${answer%$'\n'*}
    return "$code"
}

# Warns if the token is read-only: that is not a failure of the plan, which is in the summary and the log.
refused() {
    if [ "$status" = 403 ]; then
        echo "::warning::$1: this token may not write comments. For a pull request from a fork, there is no other token; otherwise, the job needs \`permissions: pull-requests: write\`"
        exit 0
    fi
    fail "$1; the job needs \`permissions: pull-requests: write\`: ${answer:-no response}"
}

if [ -n "${ROSEY_PLAN:-}" ] && [ "$(head -n 1 "$ROSEY_PLAN")" != "$marker" ]; then
    fail "$ROSEY_PLAN is not a plan in Markdown: its first line is not $marker"
fi
case $name in
'') ;;
*[!A-Za-z0-9\ ._-]*) fail "comment-name may contain only letters, digits, spaces and . _ -" ;;
*) marker="<!-- rosey plan: $name -->" ;;
esac

run=${GITHUB_SERVER_URL:-https://github.com}/$GITHUB_REPOSITORY/actions/runs/${GITHUB_RUN_ID:-}
commit=${ROSEY_COMMIT:+"For commit $ROSEY_COMMIT."}
body=$(mktemp "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/comment.XXXXXX")
trap 'rm -f "$body" "$body.json"' EXIT
# Adds the name of the database to the heading, if there is one, and the commit below it.
headed() {
    awk -v marker="$marker" -v name="${name:+$name: }" -v commit="$commit" '
        NR == 1 { print marker; next }
        NR == 2 && /^### / { print "### " name substr($0, 5); if (commit != "") print commit; next }
        { print }'
}
say() {
    printf '%s\n### %s\n\n%s\n' "$marker" "$1" "$2" | headed >"$body"
}
if [ -z "${ROSEY_PLAN:-}" ]; then
    say 'The plan failed' "The reason is in [the log of the run]($run)."
    ROSEY_CHANGES=false
else
    headed <"$ROSEY_PLAN" >"$body"
fi
# Not `jq -R`: in Debian 12 it corrupts characters that span two of its buffers.
if [ "$(jq -n --rawfile text "$body" '$text | length')" -gt "$longest" ]; then
    # A truncated plan would be misleading.
    say 'The plan is too long for a comment' "It is in [the summary of the run]($run)."
fi
jq -n --rawfile text "$body" '{body: $text}' >"$body.json"

# The existing comment. Comments of other authors with the same first line do not count.
comment=
page=1
while true; do
    api "$comments?per_page=100&page=$page" || refused "the comments cannot be read"
    comment=$(jq -r --arg marker "$marker" --arg author "$author" '
        [.[] | select(.user.login == $author)
             | select((.body // "" | split("\n")[0] // "" | rtrimstr("\r")) == $marker)][0].id // empty' <<<"$answer")
    if [ -n "$comment" ] || [ "$(jq length <<<"$answer")" -lt 100 ]; then
        break
    fi
    page=$((page + 1))
done

if [ -n "$comment" ]; then
    api --request PATCH "$repository/issues/comments/$comment" --data-binary "@$body.json" || refused "the comment cannot be updated"
    echo "updated comment $comment"
elif [ "${ROSEY_CHANGES:-true}" = true ]; then
    api --request POST "$comments" --data-binary "@$body.json" || refused "the comment cannot be written"
    echo "wrote comment $(jq -r .id <<<"$answer")"
else
    echo "there is nothing to change, and no comment to update"
fi
