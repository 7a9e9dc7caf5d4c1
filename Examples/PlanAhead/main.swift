// Planning without a cluster: 64 stages, from a table of layer times.
//
//     swift run -c release PlanAhead
import Echelon

/// Milliseconds of forward and backward of each layer: an embedding, 190 blocks of which every tenth is a wide one, a head.
let layers: [(forward: Double, backward: Double)] =
    [(0.3, 0.9)] + (1...190).map { $0.isMultiple(of: 10) ? (3.1, 6.4) : (1.9, 3.9) } + [(4.2, 8.3)]
let stages = 64
/// What a boundary's tensors take to the next device.
let link = LinkTime(latency: 0.02, secondsPerMessage: 0.11)

do {
    let costs = layers.map { $0.forward + $0.backward }
    let partitions = [
        ("uniform", try Partition.uniform(layers: layers.count, stages: stages)),
        ("balanced", try Partition.balanced(weights: costs, stages: stages)),
    ]
    for (name, partition) in partitions {
        let times = StageTimes(
            stages: partition.stages.map { layersOfStage in
                let stage = layers[layersOfStage]
                return .init(
                    forward: stage.reduce(0) { $0 + $1.forward }, backward: stage.reduce(0) { $0 + $1.backward })
            })
        for scheduleName in ["gpipe", "1f1b", "zb-h1"] {
            let schedule = try Schedule.named(scheduleName, stages: stages, microBatches: 256)
            let step = try schedule.simulate(edges: Edge.chain(stages: stages), times: times, link: link)
            let (milliseconds, bubble) = (Int(step.makespan.rounded()), Int((step.bubbleFraction * 100).rounded()))
            print(
                "\(name), \(scheduleName): \(milliseconds) ms a step, bubble \(bubble) %, the first stage holds "
                    + "\(schedule.inFlight(stage: 0)) micro-batches")
        }
    }
} catch {
    RunFailure.exit(reporting: error)
}
