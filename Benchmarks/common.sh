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

# GFLOP/s of matrix products of the model's sizes in a precision, on both cores at once: that is how they run.
peak() {
    $echelon profile pipelines/bench-gpt.yaml --gemm --set precision="$1" --set 'devices=[cpu:0]' >"$run/0" &
    $echelon profile pipelines/bench-gpt.yaml --gemm --set precision="$1" --set 'devices=[cpu:1]' >"$run/1"
    wait
    awk '{ sum += $1 } END { print sum }' "$run/0" "$run/1"
}

# GFLOP/s that both cores' units can do at most in f32; nothing where there is no C compiler.
fma_limit() {
    [ -x "$run/fma" ] || cc -O3 -march=native -ffp-contract=fast Benchmarks/gemm-peak/fma.c -o "$run/fma" 2>/dev/null || return 0
    taskset -c 0 "$run/fma" >"$run/0" &
    taskset -c 1 "$run/fma" >"$run/1"
    wait
    awk '{ sum += $1 } END { print sum }' "$run/0" "$run/1"
}
