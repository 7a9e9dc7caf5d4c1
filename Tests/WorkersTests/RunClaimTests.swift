import Foundation
import Reports
import Testing
import Workers

@Suite struct RunClaimTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/echelon-claim-\(UUID().uuidString)"

    @Test func `a folder is one run's, until that ends without a trace`() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var first: RunClaim? = try RunClaim(named: folder, run: "x")
        #expect(first?.directory.path == folder)
        #expect(
            message { try RunClaim(named: folder, run: "x") }
                == "run directory \(folder) is in use by another run: choose another with --run-dir")
        first = nil
        #expect(message { try RunClaim(named: folder, run: "x") }.isEmpty)
    }

    @Test func `a folder that holds a run is not written over`() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(filePath: folder + "/pipeline.yaml"))
        for _ in 0..<2 {
            #expect(
                message { try RunClaim(named: folder, run: "x") }
                    == "run directory \(folder) already holds a run: remove it, or choose another with --run-dir")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["lock", "pipeline.yaml"])
    }

    @Test func `a path that cannot be a folder is bad input`() throws {
        let failure = try #require(throws: RunFailure.self) { try RunClaim(named: "/dev/null/run", run: "x") }
        #expect(failure.code == .badInput && failure.message.hasPrefix("run directory /dev/null/run: "))
    }

    @Test func `without a name the first free number is taken`() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let claims = try (0..<3).map { _ in try RunClaim(named: nil, run: "x", under: folder) }
        #expect(claims.map(\.directory.path) == ["\(folder)/x", "\(folder)/x-2", "\(folder)/x-3"])
    }
}
