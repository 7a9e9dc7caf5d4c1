# What the experiments share; sourced by each `run`. They start from the repository's root, after `make build`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
echelon=${ECHELON:-.build/release/echelon}
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT

# The median step's tokens/s of so many steps with these --set options; leaves the run in $run/some.
rate() {
    local steps=$1
    shift
    rm -rf "$run/some"
    $echelon train pipelines/bench-gpt.yaml --json --run-dir "$run/some" --set steps="$steps" "$@" |
        sed -E 's/.*"tokens_per_s":([0-9.]+).*/\1/' | tail -n +3 | sort -g |
        awk '{ rate[NR] = $1 } END { printf "%.1f\n", rate[int((NR + 1) / 2)] }'
}
