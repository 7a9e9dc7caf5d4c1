import Foundation
import Planning

/// What a profile's processes and the one that started them say to each other.
enum ProfileMessage: Codable {
    /// The device is ready to measure.
    case ready
    case measure
    case measured(DeviceTimes)
    /// All have measured: now the link.
    case link
    /// From the first rank only with a result.
    case linked(LayerProfile.Link?)
    /// Answered when all ranks have said it.
    case barrier
    /// Seconds of one barrier.
    case done(barrier: Double)

    init(_ bytes: [UInt8]) throws { self = try JSONDecoder().decode(Self.self, from: Data(bytes)) }

    func encoded() throws -> [UInt8] { [UInt8](try JSONEncoder().encode(self)) }
}
