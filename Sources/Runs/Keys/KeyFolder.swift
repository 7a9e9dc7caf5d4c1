import Glibc
import Systems
import Transport

/// Makes the files with which the workers of a run prove themselves from other machines.
package enum KeyFolder {
    /// The most workers of a pipeline for which keys are made.
    package static let most = 1024

    /// Makes the folder, for its owner alone, with the coordinator's file and one for each worker. No file is replaced.
    /// - Returns: the paths of the files, the coordinator's first.
    /// - Throws: bad input, before anything is written, where there are keys already.
    package static func make(_ folder: String, workers: Int) throws(RunFailure) -> [String] {
        guard (1...most).contains(workers) else {
            throw .badInput("--workers \(workers): expected 1 to \(most), as many as the pipeline has devices")
        }
        if let names = try? File.names(in: folder), let taken = names.first(where: { $0.hasSuffix(".key") }) {
            throw .badInput(
                "\(folder.printable())/\(taken.printable()) is there already: expected a folder without keys")
        }
        let files: [(name: String, file: KeyFile)]
        do throws(TransportError) { files = try keys(workers: workers) } catch { throw RunFailure(wrapping: error) }
        do throws(SystemError) {
            if mkdir(folder, 0o700) != 0, errno != EEXIST || !File.isFolder(folder) {
                throw SystemError("make the folder", folder)
            }
            for (name, file) in files { try write(file.text, to: "\(folder)/\(name)") }
        } catch {
            throw RunFailure(error.isLacking ? .interrupted : .badInput, "\(error)")
        }
        return files.map { "\(folder)/\($0.name)" }
    }

    private static func keys(workers: Int) throws(TransportError) -> [(name: String, file: KeyFile)] {
        let coordinator = try CurvePair()
        var known: [Int: PublicKey] = [:]
        var files: [(name: String, file: KeyFile)] = []
        for rank in 0..<workers {
            let own = try CurvePair()
            known[rank] = own.publicKey
            let keys = WorkerKeys(rank: rank, own: own, coordinator: coordinator.publicKey)
            files.append((KeyFile.workerName(rank), .worker(keys)))
        }
        let first = KeyFile.coordinator(CoordinatorKeys(own: coordinator, workers: known))
        return [(KeyFile.coordinatorName, first)] + files
    }

    private static func write(_ text: String, to path: String) throws(SystemError) {
        let file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SystemError("create", path) }
        defer { close(file) }
        try File.write(Array(text.utf8), to: file, path: path)
    }
}
