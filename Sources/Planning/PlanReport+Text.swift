import Foundation

extension PlanReport {
    /// For a terminal.
    public func text() -> String {
        (heading + layerTable + stageTable + memoryTable + crossingTable + scheduleText + manifestText).joined(
            separator: "\n")
    }

    private var heading: [String] {
        return [
            (replicas > 1 ? "\(replicas) replicas of " : "") + (shards > 1 ? "\(shards) shards of " : "")
                + "\(stages.count == 1 ? "1 stage" : "\(stages.count) stages"), \(parameters.grouped) parameters, "
                + "\(schedule) over \(microBatches) micro-batches, \(tokensPerStep.grouped) tokens and "
                + "\(flopsPerStep.flopsText) GFLOP a step"
        ] + (trainedParameters.map { ["\($0.grouped) of \(parameters.grouped) parameters are trained"] } ?? [])
            + (choice.map { [$0.text] } ?? []) + productsText + [""]
    }

    /// Where a table says who computes matrix products.
    private var productsText: [String] {
        guard let products else { return [] }
        let rules = "by the rules for the processor"
        let head =
            products.isEmpty
            ? "Matrix products: all \(rules)"
            : "Matrix products by table, others \(rules): \(products.joined(separator: "; "))"
        let note =
            unracedProducts > 0
            ? "\(unracedProducts) sizes of them have not been raced for: `echelon train` does it first" : nil
        return [head] + (note.map { [$0] } ?? [])
    }

    private var layerTable: [String] {
        var table = TextTable([
            ("#", .right), ("layer", .left), ("output of a micro-batch", .left), ("parameters", .right),
            ("GFLOP", .right), ("stage", .right),
        ])
        for layer in layers {
            table.add([
                layer.name, layer.kind, layer.output.joined(separator: ", "), layer.parameters.grouped,
                layer.flops.flopsText, "\(layer.stage)",
            ])
        }
        return ["Layers (GFLOP of one micro-batch, forward and backward)"] + table.lines() + [""]
    }

    private var stageTable: [String] {
        var table = TextTable([
            ("stage", .right), ("device", .left), ("parameters", .right), ("GFLOP", .right), ("share", .right),
            ("in flight", .right), ("state", .right), ("activations", .right), ("transient", .right),
            ("process", .right), ("memory", .right), ("layers", .left),
        ])
        let total = stages.reduce(0) { $0 + $1.flops }
        for stage in stages {
            table.add([
                "\(stage.stage)", stage.device, stage.parameters.grouped, stage.flops.flopsText,
                total > 0 ? (stage.flops / total).percentText : "–", "\(stage.inFlight)", stage.stateBytes.bytesText,
                stage.activationBytes.bytesText, stage.transientBytes.bytesText, stage.processBytes.bytesText,
                stage.totalBytes.bytesText,
                stage.layers,
            ])
        }
        return ["Stages (state: weights, gradients, optimizer)"] + table.lines() + [""]
    }

    /// Where there are limits, or devices with several stages.
    private var memoryTable: [String] {
        let hasLimits = memory.contains { $0.limitBytes != nil }
        guard hasLimits || stages.count > memory.count else { return [] }
        var table = TextTable([
            ("rank", .right), ("device", .left), ("memory", .right), ("limit", .right), ("missing", .right),
        ])
        for rank in memory {
            let missing = rank.limitBytes.map { max(0, rank.bytes - $0) } ?? 0
            table.add([
                "\(rank.rank)", rank.device, rank.bytes.bytesText, rank.limitBytes?.bytesText ?? "–",
                missing > 0 ? missing.bytesText : "–",
            ])
        }
        return ["Workers (their stages and one process)"] + table.lines() + [""]
    }

    private var crossingTable: [String] {
        guard !crossings.isEmpty else { return [] }
        var table = TextTable([
            ("stages", .left), ("what", .left), ("tensors", .left), ("forward", .right), ("back", .right),
        ])
        for crossing in crossings {
            table.add([
                "\(crossing.from) → \(crossing.to)", crossing.kind, crossing.tensors.joined(separator: ", "),
                crossing.forwardBytes.bytesText, crossing.backwardBytes == 0 ? "–" : crossing.backwardBytes.bytesText,
            ])
        }
        return ["Between stages (each micro-batch)"] + table.lines() + [""]
    }

    private var scheduleText: [String] {
        ["Schedule \(schedule)"] + grid.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" } + [
            "",
            "Bubble (idle / wall): \(idealBubble.percentText) with equal stages; "
                + "\(predictedBubble.percentText) predicted from the stages' FLOPs",
            stepText, "",
        ]
    }

    private var stepText: String {
        guard let prediction else { return "Step: not predicted: \(predictionNote ?? "nothing was measured")" }
        return
            "Step: \(prediction.stepSeconds.secondsText), \(prediction.tokensPerSecond.groupedText) tokens/s, bubble "
            + "\(prediction.bubbleFraction.percentText), by \(prediction.source)"
            + (isPlanned ? "; it decided the cuts" : "") + leastText(prediction.stepSeconds) + replicaText(prediction)
    }

    private func replicaText(_ prediction: StepPrediction) -> String {
        guard let all = prediction.gradientSeconds, let exposed = prediction.exposedGradientSeconds else { return "" }
        return "; gradients are on their way for \(all.secondsText), \(exposed.secondsText) of it behind all passes"
    }

    private func leastText(_ seconds: Double) -> String {
        guard stages.count > 1, let least = leastStepSeconds else { return "" }
        return "; no cuts take less" + (seconds > least * 1.0005 ? " than \(least.secondsText)" : "")
    }

    private var manifestText: [String] {
        ["Resolved manifest"] + manifest.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
    }
}
