import Foundation
package import Manifests
import Models
package import Runs
import Systems
package import Tensors

/// Where results of races are kept between commands: one file for each kind of machine.
package struct ProductCache: Sendable {
    /// A path; nil: there is no place.
    package var folder: String?
    private static let largestFile = 16 << 20

    package init(folder: String?) { self.folder = folder }

    private struct Contents: Codable {
        var version = 1
        var machine: String
        var results: [ProductResult]
    }

    /// The file of a machine's results.
    package func path(of machine: String) -> String? {
        folder.map { "\($0)/\(ProfileKey.fingerprint(machine)).json" }
    }

    /// Of a machine, the oldest first; none where nothing was kept or the file is damaged.
    package func results(for machine: String) -> [ProductResult] {
        guard let path = path(of: machine), let bytes = try? File.read(path, limit: Self.largestFile),
            let contents = try? JSONForm.decode(Contents.self, from: Data(bytes)), contents.machine == machine
        else { return [] }
        return contents.results
    }

    /// Keeps further results beside those that are there: what was raced once stays as it is.
    /// - Returns: the file's path.
    package func keep(_ results: [ProductResult], for machine: String) throws(RunFailure) -> String {
        guard let folder, let path = path(of: machine) else {
            throw .badInput("no place to keep what was measured: set HOME or XDG_CACHE_HOME to an absolute path")
        }
        var all = self.results(for: machine)
        for result in results
        where !all.contains(where: { $0.product == result.product && $0.hasBias == result.hasBias }) {
            all.append(result)
        }
        do {
            try File.makeFolder(folder)
            try File.replace(path, with: try JSONForm.text(Contents(machine: machine, results: all)).utf8)
        } catch {
            throw RunFailure(wrapping: error)
        }
        return path
    }

    /// What is known of a model's products on the machine of a pipeline.
    package func choice(
        of contests: [ProductContest], _ manifest: PipelineManifest
    ) -> (table: ProductTable, missing: [ProductContest]) {
        let known = results(for: manifest.productMachine)
        var rows: [ProductTable.Row] = []
        var missing: [ProductContest] = []
        for contest in contests {
            guard let result = known.first(where: { $0.isOf(contest) }) else {
                missing.append(contest)
                continue
            }
            if let row = result.row { rows.append(row) }
        }
        return (ProductTable(rows), missing)
    }
}
