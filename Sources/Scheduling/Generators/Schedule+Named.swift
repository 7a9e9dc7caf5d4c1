extension Schedule {
    /// The names that `named(_:ranks:microBatches:virtual:)` knows.
    public static let names = ScheduleName.allCases.map(\.rawValue)

    /// How many stages each rank may own in the named schedule, and how many it has unless told; nil for other names.
    public static func virtualStages(of name: String) -> (allowed: ClosedRange<Int>, usual: Int)? {
        ScheduleName(rawValue: name).map { ($0.virtualStages, $0.usualVirtualStages) }
    }

    /// A generated schedule from what a user wrote: p ranks with `virtual` stages each, or the name's default
    /// number. Throws when the name or a number does not make one.
    public static func named(
        _ name: String, ranks: Int, microBatches: Int, virtual: Int? = nil
    ) throws(ScheduleError) -> Schedule {
        let virtual = try checkedVirtual(virtual, of: name)
        guard ranks >= 1 else { throw .argument("ranks", expected: "at least 1", got: "\(ranks)") }
        let (stages, overflow) = ranks.multipliedReportingOverflow(by: virtual)
        guard !overflow else {
            throw .argument("ranks × virtual", expected: "at most \(maximumCells)", got: "\(ranks) × \(virtual)")
        }
        return try named(name, stages: stages, microBatches: microBatches, virtual: virtual)
    }

    /// The same from the number of all stages, which is a multiple of those of each rank.
    public static func named(
        _ name: String, stages: Int, microBatches: Int, virtual: Int? = nil
    ) throws(ScheduleError) -> Schedule {
        let virtual = try checkedVirtual(virtual, of: name)
        guard stages >= 1 else { throw .argument("stages", expected: "at least 1", got: "\(stages)") }
        guard microBatches >= 1 else {
            throw .argument("micro-batches", expected: "at least 1", got: "\(microBatches)")
        }
        try checkSize(stages: stages, microBatches: microBatches)
        guard stages.isMultiple(of: virtual) else {
            throw .argument(
                "stages", expected: "a multiple of \(virtual), the stages of each rank of \(name)", got: "\(stages)")
        }
        let ranks = stages / virtual
        return switch name {
        case "gpipe": gpipe(stages: stages, microBatches: microBatches)
        case "interleaved": interleaved(ranks: ranks, microBatches: microBatches, virtual: virtual)
        case "zb-h1": zeroBubbleH1(stages: stages, microBatches: microBatches)
        case "zb-h2": zeroBubbleH2(stages: stages, microBatches: microBatches)
        case "zb-v": zeroBubbleV(ranks: ranks, microBatches: microBatches)
        case "v-half": vHalf(ranks: ranks, microBatches: microBatches)
        default: oneForwardOneBackward(stages: stages, microBatches: microBatches)
        }
    }

    private static func checkedVirtual(_ virtual: Int?, of name: String) throws(ScheduleError) -> Int {
        guard let known = virtualStages(of: name) else {
            let list = names.dropLast().joined(separator: ", ") + " or " + names.suffix(1).joined()
            throw .argument("schedule", expected: list, got: "\"\(name)\"")
        }
        guard let virtual else { return known.usual }
        guard known.allowed.contains(virtual) else {
            let (least, most) = (known.allowed.lowerBound, known.allowed.upperBound)
            let allowed = least == most ? "\(least)" : "from \(least) to \(most)"
            throw .argument("virtual", expected: "\(allowed) for \(name)", got: "\(virtual)")
        }
        return virtual
    }
}
