import Foundation
import Tensors

/// What `echelon doctor` shows of this machine, and what is worth changing.
public struct MachineReport: Codable, Sendable {
    public var processor: String
    public var features: [String]
    public var cores: [Int]
    public var blasCore: String
    /// What workers will ask OpenBLAS for instead; nil where its own choice is best.
    public var recommendedBLASCore: String?

    public static func examine() -> MachineReport {
        let features = CPUFeatures.current
        return MachineReport(
            processor: features.name, features: features.features.map(\.rawValue).sorted(), cores: Cores.allowed,
            blasCore: OpenBLASCore.current,
            recommendedBLASCore: OpenBLASCore.recommended(for: features, detected: OpenBLASCore.current))
    }

    public func text() -> String { processor }

    public func json() throws -> String { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
}
