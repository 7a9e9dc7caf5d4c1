# What the experiments on clusters share.

say() { echo "$(date +%T) $*"; }

# Debian's packages, where they are missing.
install() {
    local missing=()
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    echo "installing ${missing[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# wait_for WHAT COMMAND…: tries until it succeeds, five minutes at most.
wait_for() {
    local what=$1 end=$((SECONDS + ${PATIENCE:-300}))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || { echo "not within ${PATIENCE:-300} s: $what" >&2; exit 1; }
        sleep 0.2
    done
}

kill_all() {
    for pid in "$@"; do [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
}

# A small model whose layers take a while, so that something can happen to the run; STEPS of it.
write_pipeline() {
    cat >model.yaml <<END
layers:
  - embedding: {vocab: 4096, width: 128, positions: 64}
  - repeat: 6
    layers:
      - transformer: {width: 128, heads: 4, dropout: 0.1}
  - layer-norm: {width: 128}
  - linear: {in: 128, out: 4096, bias: false}
loss: cross-entropy
END
    local cores=()
    for ((rank = 0; rank < $1; rank++)); do cores+=("cpu:$((rank % 2))"); done
    cat >pipeline.yaml <<END
model: model.yaml
devices: [$(IFS=,; echo "${cores[*]}")]
partition: flops
batch: {micro: 2, microbatches: 4}
optimizer: {adamw: {lr: 1e-3}}
clip: 1.0
data: {random: 4001, sequence: 64}
checkpoint: {every: 20, keep_last: 2}
steps: ${STEPS:-300}
seed: 7
END
}

steps() { [ -f "$1/metrics.jsonl" ] && [ "$(wc -l <"$1/metrics.jsonl")" -ge "$2" ]; }

# same RUN OTHER WHAT: losses, gradient norms and weights, bit for bit.
same() {
    cmp "$1/model.safetensors" "$2/model.safetensors"
    for run in "$1" "$2"; do
        grep -oE '"(step|loss|grad_norm)":[^,}]*' "$run/metrics.jsonl" >"$run.figures"
    done
    cmp "$1.figures" "$2.figures"
    say "$3: $(wc -l <"$2/metrics.jsonl") steps, losses and weights are the same, bit for bit"
}
