import Coordination
import Foundation
import Glibc
package import Manifests
import Planning
package import Runs
import Systems
import Tensors
import Transport

/// Races on all of a pipeline's devices at once, in a process for each, as in a run: what each measured.
package enum ProductRun {
    /// One of the processes: `echelon profile` starts it.
    /// - Parameter path: what is raced for, as JSON.
    /// - Returns: what it measured, as JSON.
    package static func measure(_ manifest: PipelineManifest, contests path: String) throws(RunFailure) -> String {
        try WorkerEnvironment.prepare(threads: manifest.devices[0].threads)
        do {
            let rows = try JSONForm.decode([ProductResult].self, from: Data(try File.read(path, limit: 1 << 24)))
            let contests = try rows.map { row in
                guard let key = ProductTable.Row("\(row.product) openblas")?.key else {
                    throw RunFailure(.bug, "\(row.product) is no product")
                }
                return ProductContest(key, hasBias: row.hasBias)
            }
            return try JSONForm.text(try ProductRacer(manifest, contests).run())
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    /// - Returns: by contest.
    static func race(
        _ contests: [ProductContest], on devices: [PipelineManifest.Device], _ manifest: PipelineManifest
    ) throws(RunFailure) -> [ProductResult] {
        do {
            let folder = try OwnedFolder("echelon-race")
            defer { folder.remove() }
            let list = "\(folder.path)/contests.json"
            let wanted = contests.map { ProductResult($0, library: nil, gain: 1) }
            try File.write(try JSONForm.text(wanted).utf8, to: list)
            let pool = try WorkerPool(environment: EnvironmentFile.load())
            defer { pool.endAll(grace: 0) }
            for (rank, device) in devices.enumerated() {
                var single = manifest.whole(on: device)
                single.products = .usual
                let path = "\(folder.path)/\(rank).yaml"
                try File.write(single.resolvedYAML().utf8, to: path)
                let log = try WorkerPool.log("\(folder.path)/\(rank).log")
                defer { close(log) }
                try pool.start(
                    rank, ["profile", path, "--race", list], threads: device.threads, log: log, secret: RunSecret())
            }
            try wait(for: devices, pool, folder)
            let laps = try devices.indices.map { rank in
                try JSONForm.decode(
                    [ProductLaps].self, from: Data(try File.read("\(folder.path)/\(rank).log", limit: 1 << 24)))
            }
            guard laps.allSatisfy({ $0.count == contests.count }) else {
                throw RunFailure(.bug, "a race of \(contests.count) products ended with others")
            }
            return contests.enumerated().map { index, contest in ProductResult(contest, laps.map { $0[index] }) }
        } catch {
            throw RunFailure(wrapping: error)
        }
    }

    private static func wait(
        for devices: [PipelineManifest.Device], _ pool: WorkerPool, _ folder: OwnedFolder
    ) throws(RunFailure) {
        var left = devices.count
        while left > 0 {
            pool.pauseIfAsked()
            guard Interrupts.count == 0 else {
                throw RunFailure(.interrupted, "interrupted: nothing was kept of the race for products")
            }
            for (rank, ending) in pool.reap() {
                guard ending == .exited(0) else {
                    let said = (try? File.text("\(folder.path)/\(rank).log", limit: 1 << 16)) ?? ""
                    throw RunFailure(
                        .interrupted,
                        "the process that raced on \(devices[rank]) ended early: \(said.printableLines(20))")
                }
                left -= 1
            }
            usleep(5_000)
        }
    }
}
