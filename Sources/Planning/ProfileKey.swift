import CPUDevices
import Foundation
import Glibc
package import Manifests
import Models
import Optimizers
import Tensors

/// What a profile is valid for: two pipelines with the same key have the same times.
public struct ProfileKey: Codable, Hashable, Sendable {
    /// Processor, kernels, and the cores of each device: `AMD EPYC …, SkylakeX kernels, devices of 1 + 1 cores`.
    public var machine: String
    /// Layers, loss, micro-batch, sequence, precision and optimizer, as a number.
    public var model: String

    /// A key of given texts, which are compared as a whole.
    public init(machine: String, model: String) {
        self.machine = machine
        self.model = model
    }

    package init(_ manifest: PipelineManifest) {
        let devices = manifest.distinctDevices.map(\.threads).sorted().map(String.init).joined(separator: " + ")
        let processor = CPUFeatures.current
        let features = processor.features.map(\.rawValue).sorted().joined(separator: " ")
        machine =
            "\(processor.name), \(features), \(Self.kernels) kernels, devices of \(devices) cores, profile \(LayerProfile.form)"
        model = Self.fingerprint(
            (manifest.trainingYAML + [
                manifest.model.resolvedYAML(), "\(manifest.batch.micro)", "\(manifest.data.sequence ?? 0)",
                manifest.precision.name, "\(manifest.optimizer.kind), \(manifest.optimizer.state.names)",
            ] + manifest.productTable.rows.map(\.description)).joined(separator: "\n"))
    }

    /// Of OpenBLAS's, those that workers use.
    static var kernels: String {
        WorkerEnvironment.variables(threads: 1)[OpenBLASCore.environmentVariable] ?? OpenBLASCore.current
    }

    /// A file's name for it.
    var fileName: String { Self.fingerprint(machine + "\n" + model) + ".json" }

    /// 64 bits of FNV-1a.
    static func fingerprint(_ text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return String(hash, radix: 16)
    }
}

extension PipelineManifest {
    /// A device that computes for several workers; simulated ones do not hinder each other.
    package var sharedDevice: Device? {
        var seen: Set<[String]> = []
        return devices.indices.first { index in
            let host = hosts.indices.contains(index) ? hosts[index] : ""
            return devices[index].kind == .cpu && !seen.insert([devices[index].description, host]).inserted
        }.map { devices[$0] }
    }

    /// Each device once, in the order of ranks.
    package var distinctDevices: [Device] {
        devices.enumerated().filter { devices.firstIndex(of: $0.element) == $0.offset }.map(\.element)
    }
}
