@testable import Scheduling

extension FuzzTarget {
    static let schedules = [
        FuzzTarget("schedule", longest: 1024) { bytes in
            let schedule = try Schedule(parsing: bytes.text, name: "x.txt")
            let second = again(schedule.description) { try Schedule(parsing: schedule.description, name: "x.txt") }
            precondition(second == schedule, "\(schedule)\nbecame\n\(second)")
            let edges = Edge.chain(stages: schedule.stageCount) + Edge.targets(stages: schedule.stageCount)
            attempt { try schedule.checkMicroBatchOrder() }
            try schedule.validate(edges: edges, queueDepth: 2)
            _ = try schedule.grid(edges: edges, maxColumns: 200, maxRows: 50)
            _ = try schedule.queueDepths(edges: edges)
        }
    ]
}
