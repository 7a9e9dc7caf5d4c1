public import Foundation
import Layers
package import Manifests
import Models
import Runs
import Scheduling
import Tensors

/// How long each layer's passes take on a pipeline's devices, measured by running the model on all of them at once: what
/// `echelon profile` shows and keeps.
public struct LayerProfile: Codable, Sendable {
    /// Raised where the meaning of the numbers changes, so that older profiles are ignored.
    public static let form = 4

    /// Which `form` the numbers have; profiles of another one are not used.
    public var version = LayerProfile.form
    /// The machine and the model that the times hold for.
    public var key: ProfileKey
    /// ISO 8601, UTC.
    public var measuredAt: String
    /// The devices that took part.
    public var devices: [String]
    /// What was computed in: `f32`, `bf16` or `f16`.
    public var precision: String
    /// FLOP/s of the fastest matrix product of the model's own shapes: its median, measured in turn with the layers.
    public var peak: Double
    /// One entry for each layer, in model order.
    public var layers: [Line]
    /// Between two of the devices; nil where there is one.
    public var link: Link?
    /// Seconds from the last worker's message to the coordinator until all workers may go on.
    public var barrier: Double
    /// The largest interquartile range of a device's rounds, relative to their median: 0.02 for 2 %.
    public var spread: Double

    /// From here on the measurements are too noisy to predict with.
    static let largeSpread = 0.05

    /// What one layer takes for one micro-batch, except that its update is once a step.
    public struct Line: Codable, Sendable {
        /// The layer's place in the model, counted from 0, with the part's name where it may be cut inside: `3`, `3.mlp`.
        public var name: String
        /// Which kind of layer: `transformer`.
        public var kind: String
        /// Seconds of the forward; the last layer's includes the loss.
        public var forward: Double
        /// Seconds of the input-gradient half where both halves run at once.
        public var backwardInput: Double
        /// Seconds of the weight-gradient half where both halves run at once.
        public var backwardWeight: Double
        /// Seconds of the input-gradient half where the halves run apart.
        public var inputApart: Double
        /// Seconds of the weight-gradient half where the halves run apart.
        public var weightApart: Double
        /// Seconds of the optimizer's update and the gradients' norm, once a step.
        public var update: Double
        /// FLOPs of all three passes.
        public var flops: Double
        /// How many numbers its parameters hold.
        public var parameters: Int
        /// Bytes kept from forward to backward for one micro-batch.
        public var keptBytes: Int
        /// Bytes handed to the next layer for one micro-batch.
        public var outputBytes: Int

        /// Seconds of forward and backward of one micro-batch, the halves at once.
        public var seconds: Double { forward + backwardInput + backwardWeight }

        package init(
            name: String, kind: String, forward: Double, backwardInput: Double, backwardWeight: Double,
            inputApart: Double, weightApart: Double, update: Double, flops: Double, parameters: Int, keptBytes: Int,
            outputBytes: Int
        ) {
            (self.name, self.kind, self.forward) = (name, kind, forward)
            (self.backwardInput, self.backwardWeight) = (backwardInput, backwardWeight)
            (self.inputApart, self.weightApart, self.update) = (inputApart, weightApart, update)
            (self.flops, self.parameters, self.keptBytes, self.outputBytes) = (
                flops, parameters, keptBytes, outputBytes
            )
        }
    }

    /// What a message between two workers costs: `latency` + bytes ÷ `bytesPerSecond`.
    public struct Link: Codable, Sendable {
        /// Seconds of a message without payload.
        public var latency: Double
        /// Bandwidth of one direction.
        public var bytesPerSecond: Double

        package init(latency: Double, bytesPerSecond: Double) {
            (self.latency, self.bytesPerSecond) = (latency, bytesPerSecond)
        }
    }

    /// Reads what `json()` wrote. Throws `DecodingError` for other text, and for numbers that no measurement gives.
    public init(json: Data) throws {
        self = try JSONForm.decode(LayerProfile.self, from: json)
        try checkNumbers()
    }

    /// The JSON text of a profile's file and of `profile --json`.
    public func json() throws -> String { try JSONForm.text(self) }

    /// A file may hold any number; planning adds and multiplies these.
    private func checkNumbers() throws {
        let times = layers.flatMap {
            [$0.forward, $0.backwardInput, $0.backwardWeight, $0.inputApart, $0.weightApart, $0.update]
        }
        let waits = [barrier, link?.latency ?? 0]
        let rates = layers.map(\.flops) + [peak, link?.bytesPerSecond ?? 1, spread]
        let counts = layers.flatMap { [$0.parameters, $0.keptBytes, $0.outputBytes] }
        guard times.allSatisfy({ (0...1e6).contains($0) }), waits.allSatisfy({ (0...1e9).contains($0) }),
            rates.allSatisfy({ (0...1e30).contains($0) }), counts.allSatisfy({ (0...1 << 50).contains($0) })
        else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: [], debugDescription: "numbers that no measurement gives"))
        }
    }
}

extension LayerProfile {
    package init(
        key: ProfileKey, measuredAt: String, devices: [String], precision: String, peak: Double, layers: [Line],
        link: Link?, barrier: Double, spread: Double
    ) {
        (self.key, self.measuredAt, self.devices, self.precision) = (key, measuredAt, devices, precision)
        (self.peak, self.layers, self.link, self.barrier, self.spread) = (peak, layers, link, barrier, spread)
    }
}

extension PipelineManifest {
    /// The same model as one stage, for one micro-batch.
    package func whole(on device: Device) -> PipelineManifest {
        var single = self
        single.devices = [device]
        single.memory = nil
        single.partition = .uniform
        single.schedule = .named(.oneForwardOneBackward)
        single.virtual = 1
        single.recompute = .none
        single.batch.microBatches = 1
        (single.replicas, single.lanes, single.tensor, single.speculate) = (1, nil, 1, false)
        single.byHand = []
        return single
    }
}
