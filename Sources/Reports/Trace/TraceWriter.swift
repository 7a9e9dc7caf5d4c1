import Runs
import Scheduling
import Systems

/// Writes trace events, one a line.
struct TraceWriter {
    private let origin: Int64
    private var text = ""
    private var isFirst = true
    private var arrows = 0
    private static let pieceSize = 1 << 16

    init(origin: Int64) { self.origin = origin }

    mutating func begin(name: String, schedule: String) {
        text = "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"run\":\(JSONText.quoted(name)),"
        text += "\"schedule\":\(JSONText.quoted(schedule))},\"traceEvents\":["
    }

    /// What was written since the last piece, once it is worth handing over.
    mutating func takePiece() -> String? {
        guard text.utf8.count >= Self.pieceSize else { return nil }
        defer { text.removeAll(keepingCapacity: true) }
        return text
    }

    mutating func end() -> String { text + "\n]}\n" }

    private mutating func add(_ fields: String) {
        text += isFirst ? "\n{" : ",\n{"
        text += fields
        text += "}"
        isFirst = false
    }

    // MARK: Ranks

    mutating func addProcess(_ log: RankLog, stages: [Int]) {
        let owned =
            stages.isEmpty
            ? [] : [(stages.count == 1 ? "stage " : "stages ") + stages.map(String.init).joined(separator: ", ")]
        let name = (owned + [log.device, log.host].filter { !$0.isEmpty }).joined(separator: " · ")
        addMetadata("process_name", rank: log.rank, argument: "\"name\":\(JSONText.quoted(name))")
        addMetadata("process_sort_index", rank: log.rank, argument: "\"sort_index\":\(log.rank)")
        addMetadata("thread_name", rank: log.rank, argument: "\"name\":\"compute\"")
    }

    private mutating func addMetadata(_ name: String, rank: Int, argument: String) {
        add("\"ph\":\"M\",\"name\":\"\(name)\",\"pid\":\(rank),\"tid\":0,\"args\":{\(argument)}")
    }

    // MARK: Spans

    mutating func addWork(_ activity: Activity, step: Int) {
        var arguments = "\"step\":\(step)"
        var name = activity.category.title
        if let instruction = activity.instruction {
            arguments += ",\"stage\":\(instruction.stage),\"micro_batch\":\(instruction.microBatch)"
            name = activity.category == .recompute ? "\(instruction) recompute" : "\(instruction)"
        }
        addSpan(
            name, Self.category(ofWork: activity), activity.rank,
            from: activity.start, until: activity.end, arguments)
    }

    /// Nothing where the wait, or this part of it, took no time.
    mutating func addWait(
        _ activity: Activity, _ cause: String, from start: Int64? = nil, until end: Int64? = nil, step: Int
    ) {
        let (start, end) = (start ?? activity.start, end ?? activity.end)
        guard end > start else { return }
        var arguments = "\"step\":\(step),\"cause\":\"\(cause)\""
        if activity.peer >= 0 { arguments += ",\"peer\":\(activity.peer)" }
        if let instruction = activity.instruction { arguments += ",\"for\":\"\(instruction)\"" }
        if activity.bytes > 0 { arguments += ",\"bytes\":\(activity.bytes)" }
        addSpan("wait: \(cause)", Self.category(ofWait: activity), activity.rank, from: start, until: end, arguments)
    }

    /// The names that timers of other trainers gave these things.
    private static func category(ofWork activity: Activity) -> String {
        switch activity.category {
        case .forward: "forward-compute"
        case .backward, .backwardInput, .backwardWeight: "backward-compute"
        case .recompute: "recompute"
        default: "optimizer"
        }
    }

    private static func category(ofWait activity: Activity) -> String {
        guard activity.kind == .receive, let pass = activity.instruction?.pass else { return "wait" }
        return pass == .forward ? "forward-recv" : "backward-recv"
    }

    private mutating func addSpan(
        _ name: String, _ category: String, _ rank: Int, from start: Int64, until end: Int64, _ arguments: String
    ) {
        add(
            "\"ph\":\"X\",\"name\":\"\(name)\",\"cat\":\"\(category)\",\"pid\":\(rank),\"tid\":0,\"ts\":"
                + "\(microseconds(start &- origin)),\"dur\":\(microseconds(end &- start)),\"args\":{\(arguments)}")
    }

    // MARK: Arrows

    /// Both ends lie inside their spans: that is how they are found.
    mutating func addArrow(from maker: Activity, to wait: Activity) {
        arrows += 1
        let start = max(maker.start, maker.end &- 1)
        addArrowEnd("\"ph\":\"s\"", rank: maker.rank, at: start)
        addArrowEnd("\"ph\":\"f\",\"bp\":\"e\"", rank: wait.rank, at: wait.end &- 1)
    }

    private mutating func addArrowEnd(_ phase: String, rank: Int, at time: Int64) {
        add(
            phase + ",\"name\":\"message\",\"cat\":\"message\",\"id\":\(arrows),\"pid\":\(rank),\"tid\":0,\"ts\":"
                + microseconds(time &- origin))
    }

    /// Nanoseconds as microseconds, exactly.
    private func microseconds(_ nanoseconds: Int64) -> String {
        let value = max(0, nanoseconds)
        return "\(value / 1000).\((value % 1000).digits(3))"
    }
}

/// Text inside JSON.
enum JSONText {
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20: quoted += "\\u" + scalar.value.digits(4, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
