import Scheduling
import Testing

/// Both generators at sizes around every boundary: m below, at and above p, and one of each.
func everySchedule() -> [Schedule] {
    [1, 2, 3, 4, 5, 8, 16].flatMap { stages in
        [1, 2, 3, 4, 5, 8, 17, 64].flatMap { microBatches in
            [
                Schedule.gpipe(stages: stages, microBatches: microBatches),
                Schedule.oneForwardOneBackward(stages: stages, microBatches: microBatches),
            ]
        }
    }
}

/// Two ranks with two stages each, where rank 1 wants 2→3 of micro-batch 0 before 0→1 of micro-batch 1, and rank 0
/// sends them the other way round.
func interleaved() throws -> Schedule {
    try Schedule(
        parsing: """
            0F0 0F1 2F0 2F1 2B0 0B0 2B1 0B1
            1F0 3F0 1F1 3F1 3B0 1B0 3B1 1B1
            """, name: "interleaved")
}

/// The boundaries, the targets and a portal over the whole pipeline.
func everyEdge(stages: Int, portalGradient: Bool) -> [Edge] {
    let portal = Edge(from: 0, to: stages - 1, kind: .portal, carriesGradient: portalGradient)
    return Edge.chain(stages: stages) + (stages > 1 ? [portal] : []) + Edge.targets(stages: stages)
}

/// What a user would read where this throws; empty where it does not.
func message<Result>(_ body: () throws -> Result) -> String {
    do {
        _ = try body()
        return ""
    } catch {
        return "\(error)"
    }
}

/// A step in units F = I = W = 1 over free links.
func unitStep(_ schedule: Schedule) throws -> StepTimes {
    try Simulator(schedule, edges: Edge.chain(stages: schedule.stageCount)).step(
        times: .units(stages: schedule.stageCount),
        linkTimes: [LinkTime](repeating: .free, count: schedule.stageCount - 1))
}

/// Every generator's schedule with so many ranks and micro-batches, and up to three stages for each rank.
func generated(ranks: Int, microBatches: Int) throws -> [Schedule] {
    try Schedule.names.flatMap { name in
        let allowed = try #require(Schedule.virtualStages(of: name)).allowed
        return try (1...3).filter(allowed.contains).map {
            try Schedule.named(name, ranks: ranks, microBatches: microBatches, virtual: $0)
        }
    }
}
