import Foundation
import Layers
public import Manifests
import Models
import Tensors

/// How long each layer's passes take on one device, measured by running the model on it: what `echelon profile` shows.
public struct LayerProfile: Codable, Sendable {
    public var version = 1
    public var device: String
    public var precision: String
    /// FLOP/s of the fastest matrix product of the model's own shapes: its median, measured in turn with the layers.
    public var peak: Double
    public var layers: [Line]

    public struct Line: Codable, Sendable {
        public var index: Int
        public var kind: String
        /// Median seconds of one micro-batch.
        public var forward: Double
        public var backwardInput: Double
        public var backwardWeight: Double
        /// FLOPs of all three passes.
        public var flops: Double
        public var parameters: Int
        /// Bytes kept from forward to backward for one micro-batch, and bytes handed to the next layer.
        public var keptBytes: Int
        public var outputBytes: Int

        public var seconds: Double { forward + backwardInput + backwardWeight }
    }

    /// Runs every pass of the model `repetitions` times on the pipeline's first device, after one run to warm up.
    /// - Throws: bad input: a device that does not exist or computes nothing, data that is not there.
    public static func measure(_ manifest: PipelineManifest, repetitions: Int = 5) throws(RunFailure) -> LayerProfile {
        try profile(manifest) { try $0.run(repetitions: repetitions) }
    }

    /// FLOP/s of the fastest matrix product of the model's shapes on the pipeline's first device.
    public static func gemmPeak(_ manifest: PipelineManifest) throws(RunFailure) -> Double {
        try profile(manifest) { $0.peak() }
    }

    private static func profile<Result>(
        _ manifest: PipelineManifest, _ body: (LayerProfiler) throws -> Result
    ) throws(RunFailure) -> Result {
        var single = manifest
        single.devices = [manifest.devices[0]]
        single.partition = .uniform
        single.batch.microBatches = 1
        single.byHand = []
        let plan = try TrainingPlan(single)
        try Preflight.check(plan)
        guard single.devices[0].kind == .cpu else {
            throw .badInput("profile: device \(single.devices[0]) computes nothing: there is no time to measure")
        }
        try WorkerEnvironment.prepare(threads: single.devices[0].threads)
        do {
            return try body(LayerProfiler(plan))
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// For a terminal.
    public func text() -> String {
        var table = TextTable([
            ("#", .right), ("layer", .left), ("F ms", .right), ("I ms", .right), ("W ms", .right), ("total", .right),
            ("GFLOP/s", .right), ("of peak", .right), ("parameters", .right), ("kept", .right), ("output", .right),
        ])
        for line in layers {
            table.add(
                ["\(line.index)", line.kind] + numbers(line)
                    + [line.parameters.grouped, line.keptBytes.bytesText, line.outputBytes.bytesText])
        }
        let seconds = layers.reduce(0) { $0 + $1.seconds }
        let flops = layers.reduce(0) { $0 + $1.flops }
        let rate = flops / seconds
        return
            ([
                "One micro-batch on \(device) in \(precision); "
                    + String(format: "GEMM peak %.1f GFLOP/s at the model's shapes", peak / 1e9)
            ] + table.lines() + [
                String(
                    format: "All layers: %.1f ms, %.1f GFLOP/s, %@ of peak", seconds * 1e3, rate / 1e9,
                    (rate / peak).percentText)
            ]).joined(separator: "\n")
    }

    private func numbers(_ line: Line) -> [String] {
        let milliseconds = [line.forward, line.backwardInput, line.backwardWeight, line.seconds].map {
            String(format: "%.2f", $0 * 1e3)
        }
        let rate = line.flops / line.seconds
        return milliseconds + [String(format: "%.1f", rate / 1e9), (rate / peak).percentText]
    }
}
