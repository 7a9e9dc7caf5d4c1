import Foundation
import Layers
package import Manifests
import Models
package import Planning
package import Runs
import Tensors

extension LayerProfile {
    /// FLOP/s of the fastest matrix product of the model's shapes on the pipeline's first device.
    package static func gemmPeak(_ manifest: PipelineManifest) throws(RunFailure) -> Double {
        let plan = try TrainingPlan(manifest.whole(on: manifest.devices[0]))
        try ProfileRun.check(plan)
        try WorkerEnvironment.prepare(threads: manifest.devices[0].threads)
        do {
            return try LayerProfiler(plan).peak()
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    /// Puts together what the devices measured.
    init(_ plan: TrainingPlan, key: ProfileKey, devices: [String], _ times: [DeviceTimes], link: Link?, barrier: Double)
    {
        func mean(_ value: (DeviceTimes) -> Double) -> Double {
            times.reduce(0) { $0 + value($1) } / Double(max(times.count, 1))
        }
        let update = mean(\.update) / Double(max(plan.model.trainedCount, 1))
        let lines = plan.model.entries.map { entry in
            let seconds = (0..<5).map { pass in mean { $0.layers[entry.index][pass] } }
            let plans = plan.model.nodes[entry.nodes].map(\.plan)
            let isLast = entry.index == plan.model.entries.count - 1
            return Line(
                name: entry.name, kind: entry.kind, forward: seconds[0] + (isLast ? mean(\.loss) : 0),
                backwardInput: seconds[1], backwardWeight: seconds[2], inputApart: seconds[3],
                weightApart: seconds[4], update: update * Double(entry.trainedCount), flops: entry.cost.total,
                parameters: entry.parameterCount,
                keptBytes: plans.reduce(0) { $0 + $1.saved.reduce(0) { $0 + $1.byteCount } },
                outputBytes: entry.outputs.reduce(0) { $0 + $1.byteCount })
        }
        self.init(
            key: key, measuredAt: ISO8601DateFormatter().string(from: Date()), devices: devices,
            precision: plan.manifest.precision.name, peak: times.map(\.peak).max() ?? 0, layers: lines, link: link,
            barrier: barrier, spread: times.map(\.spread).max() ?? 0)
    }
}
