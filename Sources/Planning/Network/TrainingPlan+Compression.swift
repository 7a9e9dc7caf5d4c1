package import Manifests
import Models
import Runs
import Scheduling
package import Tensors

/// How tensors pass from stage to stage where `compress` says so.
extension TrainingPlan {
    /// What the numbers of a tensor become on an edge of the schedule; nil: it passes as it is. Both ends see the same.
    package func compression(ofEdge edge: Int, _ spec: TensorSpec) -> PipelineManifest.Compression.Form? {
        guard let compress = manifest.compress, edge != targetsEdge, spec.dtype.isFloatingPoint else { return nil }
        let places = schedule.rankOfStage
        guard compress.covers(places[edges[edge].from], places[edges[edge].to]) else { return nil }
        return CompressedSize(spec, compress.form).bytes < spec.byteCount ? compress.form : nil
    }

    /// Bytes that a tensor has on its way.
    package func payload(ofEdge edge: Int, _ spec: TensorSpec) -> Int {
        compression(ofEdge: edge, spec).map { CompressedSize(spec, $0).bytes } ?? spec.byteCount
    }

    /// Bytes that a stage's device takes for what it compresses and expands.
    func compressionBytes(ofStage stage: Int) -> Int {
        guard manifest.compress != nil else { return 0 }
        var (bytes, largest) = (0, 0)
        for edge in edges.indices where edge != targetsEdge {
            for (end, direction) in [(edges[edge].from, Message.Direction.forward), (edges[edge].to, .backward)] {
                for spec in tensors(ofEdge: edge, direction) {
                    guard let form = compression(ofEdge: edge, spec) else { continue }
                    guard edges[edge].from == stage || edges[edge].to == stage else { continue }
                    largest = max(largest, spec.shape.count.saturatingTimes(DType.f32.size))
                    guard end == stage else { continue }
                    let size = CompressedSize(spec, form).bytes
                    bytes = bytes.saturatingPlus(size.saturatingTimes(slotCount(ofStage: stage)))
                    guard direction == .backward, form == .int8 else { continue }
                    bytes = bytes.saturatingPlus(spec.shape.count.saturatingTimes(DType.f32.size))
                }
            }
        }
        return bytes.saturatingPlus(largest.saturatingTimes(2))
    }

    /// Between which places of the pipeline tensors pass.
    static func usedLinks(_ layout: PipelineLayout, _ schedule: Schedule) -> Set<ClosedRange<Int>> {
        let places = schedule.rankOfStage
        return Set(
            layout.crossings.map { crossing in
                let (one, other) = (places[crossing.from], places[crossing.to])
                return min(one, other)...max(one, other)
            })
    }

    /// - Throws: bad input where links are named that carry nothing.
    static func checkCompression(
        _ manifest: PipelineManifest, _ used: Set<ClosedRange<Int>>
    ) throws(RunFailure) {
        guard case .pairs(let pairs)? = manifest.compress?.links, let idle = pairs.first(where: { !used.contains($0) })
        else { return }
        throw .badInput(
            "\(manifest.mark(of: "compress")): no message passes between places \(idle.lowerBound) and "
                + "\(idle.upperBound) of the pipeline; they pass between "
                + used.sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }.prefix(8)
                .map { "[\($0.lowerBound), \($0.upperBound)]" }.joined(separator: ", "))
    }
}

/// A tensor on its way.
package struct CompressedSize: Hashable, Sendable {
    /// Runs of numbers with a scale each: the tensor's last axis.
    package let rows: Int
    /// Numbers of a row.
    package let width: Int
    /// Of scales and numbers together.
    package let bytes: Int

    package init(_ spec: TensorSpec, _ form: PipelineManifest.Compression.Form) {
        let last = max(spec.shape.extents.last ?? 1, 1)
        (rows, width) = (spec.shape.count / last, last)
        switch form {
        case .bf16: bytes = spec.shape.count * DType.bf16.size
        case .int8: bytes = rows * DType.f32.size + spec.shape.count
        }
    }
}
