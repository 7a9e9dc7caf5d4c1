import ArgumentParser
import Echelon

/// One host's process of those that measure links: `train --hosts` starts them.
struct MeasureLink: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure-link", abstract: "Measure links to other hosts.", shouldDisplay: false)

    @Option var rank: Int
    @Option var world: Int
    @Option var bytes: Int
    @Option var coordinator: String
    @Option var address: String?

    func validate() throws {
        guard (1...4096).contains(world), (0..<world).contains(rank), (1...1 << 30).contains(bytes) else {
            throw ValidationError("expected a rank of the world, and 1 to 2³⁰ bytes")
        }
    }

    func run() throws {
        try reportingFailures {
            try LinkWorker.run(rank: rank, world: world, bytes: bytes, coordinator: coordinator, address: address)
        }
    }
}
