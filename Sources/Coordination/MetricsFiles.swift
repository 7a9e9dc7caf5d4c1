import Manifests
import Models
import Planning
import Runs
import Scheduling
import Systems

/// Where the metrics of each step go: `metrics.jsonl`, and the forms that the manifest asks for.
///
/// What cannot be written ends nothing: the first failure is told at once, and at the end what is missing.
package final class MetricsFiles {
    private let lines: RecordFile
    private let table: RecordFile?
    private let board: TensorBoardFile?
    /// Columns of the table for each rank's figures: as many as its head has, where an earlier attempt wrote that.
    private let ranks: Int
    /// What TensorBoard calls each rank: by its stage where it has but one.
    private let names: [String]
    private let steps: Int
    /// Figures of each rank are as many as there are ranks, and change slowly: TensorBoard gets them so often.
    private let rankInterval: Int
    private let warn: (String) -> Void

    /// Lines of steps behind the one that the run goes on from: they are taken out, and written again.
    let taken: [String]

    /// Makes the files.
    /// - Parameter done: of a run that goes on, the steps that are done.
    init(
        _ plan: TrainingPlan, _ directory: RunDirectory, behind done: Int? = nil, warn: @escaping (String) -> Void
    ) throws(SystemError) {
        let forms = plan.manifest.metrics
        func file(_ path: String) throws(SystemError) -> RecordFile {
            try done == nil ? RecordFile(path) : RecordFile(continuing: path)
        }
        var taken: [String] = []
        if let done {
            taken = try RecordTruncation.keep(upTo: done, in: directory.metricsPath, prefix: "{\"step\":")
            try RecordTruncation.keep(upTo: done, in: directory.tablePath, prefix: "")
        }
        self.taken = taken
        lines = try file(directory.metricsPath)
        table = forms.contains(.csv) ? try file(directory.tablePath) : nil
        board =
            forms.contains(.tensorboard) ? try TensorBoardFile(in: directory.tensorBoardPath, behind: done) : nil
        let head = done == nil ? nil : try? File.firstLine(directory.tablePath, limit: 1 << 20)
        let columns = head?.split(separator: ",").count { $0.hasPrefix("peak_bytes_") } ?? 0
        ranks = columns > 0 ? columns : plan.placement.rankCount
        names = Self.names(plan)
        steps = plan.manifest.steps
        rankInterval = plan.manifest.logEvery
        self.warn = warn
    }

    private static func names(_ plan: TrainingPlan) -> [String] {
        plan.placement.ranks.map { rank in
            let own = plan.placement.stages(of: rank)
            let replica = plan.manifest.replicas > 1 ? ".\(plan.placement.replica(of: rank))" : ""
            return own.count == 1 ? "stage_\(own[0])\(replica)" : "rank_\(rank)"
        }
    }

    /// - Parameter bubbles: idle over wall of the step, by rank.
    func append(_ step: StepMetrics, bubbles: [Double]) {
        tell(lines.append(Array((step.line() + "\n").utf8)))
        if let table {
            let head = table.isEmpty ? step.csvHead(ranks: ranks) : ""
            tell(table.append(Array((head + step.csvRow(ranks: ranks)).utf8)))
        }
        guard let board, step.step == steps || Self.boardKeeps(step.step) else { return }
        let isDue = step.step == 1 || step.step == steps || step.step % rankInterval == 0
        let ofRanks = isDue ? step.rankScalars(bubbles: bubbles, names: names) : []
        tell(board.append(step.scalars + ofRanks, step: step.step))
    }

    /// Whether TensorBoard gets a step: the first 10,000, then one in ten up to 100,000, one in a hundred up to a million,
    /// and so on. It draws a thousand points of a curve, and a file of all steps of a long run takes longer to open than
    /// anyone waits.
    package static func boardKeeps(_ step: Int) -> Bool {
        var interval = 1
        while step / interval > 10_000 { interval *= 10 }
        return step % interval == 0
    }

    /// An evaluation's point in TensorBoard's curves.
    func append(_ point: EvaluationMetrics) { tell(board?.append(point.scalars, step: point.step)) }

    private func tell(_ error: SystemError?) {
        guard let error, !isTold else { return }
        isTold = true
        warn("\(error); training goes on, the metrics of some steps will be missing")
    }

    private var isTold = false

    /// Bytes of all forms together.
    var bytes: Int { lines.length + (table?.length ?? 0) + (board?.length ?? 0) }

    /// What is not there of each file, a line each.
    var missing: [String] {
        var files = [lines, table].compactMap(\.self).map { ($0.path, $0.lost, $0.firstError) }
        if let board { files.append((board.path, board.lost, board.firstError)) }
        return files.compactMap { path, lost, error in error.map { "\(path) lacks \(lost) steps: \($0)" } }
    }

    func close() {
        lines.close()
        table?.close()
        board?.close()
    }
}
