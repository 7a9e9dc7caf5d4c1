import Foundation
import Systems
package import Transport

/// Where a worker that outlives an epoch of its run goes over to: the coordinator tells it as it ends the old epoch.
package struct Seat: Codable, Hashable, Sendable {
    package var rank: Int
    /// Where it registers.
    package var coordinator: String
    /// The pipeline of the new epoch.
    package var manifest: String
    private var secretText: String

    package init(rank: Int, coordinator: String, manifest: String, secret: RunSecret) {
        self.rank = rank
        self.coordinator = coordinator
        self.manifest = manifest
        secretText = secret.text
    }

    /// By what it proves itself.
    package var secret: RunSecret? { RunSecret(secretText) }

    private enum CodingKeys: String, CodingKey {
        case rank, coordinator, manifest
        case secretText = "secret"
    }

    package func encoded() throws -> [UInt8] { Array(try JSONEncoder().encode(self)) }

    /// - Throws: a bug of ours: only the coordinator sends seats.
    package init(_ bytes: [UInt8]) throws(RunFailure) {
        do { self = try JSONDecoder().decode(Seat.self, from: Data(bytes)) } catch {
            throw RunFailure(.bug, "the coordinator said where to go, unreadably: \("\(error)".printable(limit: 200))")
        }
    }
}
