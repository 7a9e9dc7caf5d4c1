import Foundation
import Glibc
package import Systems

/// An event file of TensorBoard that grows while the run goes on.
///
/// Each event is written at once: that takes some microseconds, of a process that computes nothing, and whoever looks sees
/// every step that is done. One that cannot be written is left out, and the file stays one that TensorBoard reads.
package final class TensorBoardFile {
    private let file: RecordFile

    /// Makes the file, and the folder where it is missing.
    /// - Parameter done: of a run that goes on, the steps that are done: the newest file goes on behind them.
    package init(in folder: String, behind done: Int? = nil) throws(SystemError) {
        try File.makeFolder(folder)
        let prefix = "events.out.tfevents."
        if let done, let newest = try File.names(in: folder).last(where: { $0.hasPrefix(prefix) }) {
            let path = "\(folder)/\(newest)"
            try RecordTruncation.keepEvents(upTo: done == 0 ? -1 : done, in: path)
            file = try RecordFile(continuing: path)
            return
        }
        file = try RecordFile("\(folder)/\(Self.name(at: Date().timeIntervalSince1970))")
    }

    /// What TensorBoard looks for: files of later attempts at a run sort behind earlier ones.
    private static func name(at wallTime: Double) -> String {
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let name = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let shown = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        return "events.out.tfevents.\(Int(wallTime)).\(shown.isEmpty ? "host" : shown).\(getpid())"
    }

    package var path: String { file.path }
    /// Bytes that it has.
    package var length: Int { file.length }
    /// Events that are not in the file.
    package var lost: Int { file.lost }
    /// Why the first of them is not.
    package var firstError: SystemError? { file.firstError }

    /// - Parameters:
    ///   - scalars: by their names; none: nothing is written.
    ///   - step: counted from 1.
    /// - Returns: the error, where this is the first event that could not be written.
    package func append(_ scalars: [TensorBoardEvent.Scalar], step: Int) -> SystemError? {
        guard !scalars.isEmpty else { return nil }
        let now = Date().timeIntervalSince1970
        let head = file.isEmpty ? TensorBoardEvent.version(wallTime: now) : []
        return file.append(head + TensorBoardEvent.scalars(scalars, step: step, wallTime: now))
    }

    package func close() { file.close() }
}

extension StepMetrics {
    /// What TensorBoard shows of each step.
    package var scalars: [TensorBoardEvent.Scalar] {
        let values: [(String, Double?)] = [
            ("Train/loss", loss), ("Train/lr", lr), ("Train/grad_norm", gradNorm), ("Train/tokens_per_s", tokensPerS),
            ("Train/loss_scale", lossScale), ("Pipeline/bubble_fraction", bubbleFraction),
            ("Pipeline/padding", padding),
        ]
        return values.compactMap { tag, value in value.map { (tag, $0) } }
    }

    /// What it shows of each rank.
    /// - Parameters:
    ///   - bubbles: idle over wall, by rank.
    ///   - names: of the ranks or their stages: `stage_0`.
    package func rankScalars(bubbles: [Double], names: [String]) -> [TensorBoardEvent.Scalar] {
        zip(names, bubbles).map { ("Pipeline/bubble_fraction/\($0)", $1) }
            + peakBytes.enumerated().map { ("Memory/peak_bytes/rank_\($0)", Double($1)) }
    }
}

extension EvaluationMetrics {
    /// What TensorBoard shows of an evaluation.
    package var scalars: [TensorBoardEvent.Scalar] {
        [("Evaluate/loss", loss), ("Evaluate/perplexity", perplexity)]
    }
}
