internal import Glibc
package import Systems

/// The folder `steps/` of a run: a folder for each checkpoint, named by how many steps were done, and `latest`.
///
///     steps/00001000/                a checkpoint, complete and on disk
///     steps/00001100.tmp-2/          one that attempt 2 writes
///     steps/latest                   the newest one's name: a hint for people and scripts
package struct StepsFolder: Hashable, Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    /// What a checkpoint's folder says of itself and of its files.
    package static let manifestName = "trainer_state.json"
    private static let digits = 8

    /// `00001000`
    package static func name(of step: Int) -> String { step.digits(digits) }

    package func path(of step: Int) -> String { path + "/" + Self.name(of: step) }

    /// Where a checkpoint is written until it is complete.
    /// - Parameter epoch: the attempt at the run, so that what an earlier one left is never taken for this one's.
    package func draftPath(of step: Int, epoch: Int) -> String { "\(path(of: step)).tmp-\(epoch)" }

    package var latestPath: String { path + "/latest" }

    /// Steps of which there is a folder, the newest first. Nothing was verified.
    package var steps: [Int] {
        let names = (try? File.names(in: path)) ?? []
        return names.compactMap(Self.step).sorted(by: >)
    }

    private static func step(_ name: String) -> Int? {
        guard name.utf8.count >= digits, name.utf8.allSatisfy({ (48...57).contains($0) }), let step = Int(name),
            Self.name(of: step) == name
        else { return nil }
        return step
    }

    /// Removes what attempts that were ended left half written, or half removed, and puts back what was being replaced.
    package func removeDrafts() {
        for name in (try? File.names(in: path)) ?? [] {
            if name.contains(".tmp-") || name.hasSuffix(".gone") || name.hasSuffix(".partial") {
                File.remove(path + "/" + name)
            } else if name.hasSuffix(".old") {
                let place = path + "/" + name.dropLast(".old".count)
                if File.exists(place) || rename(path + "/" + name, place) != 0 { File.remove(path + "/" + name) }
            }
        }
    }

    // MARK: Changing

    /// Makes the folder in which a checkpoint is written.
    package func begin(_ step: Int, epoch: Int) throws(SystemError) -> String {
        try File.makeFolder(path)
        let draft = draftPath(of: step, epoch: epoch)
        File.remove(draft)
        guard mkdir(draft, 0o755) == 0 else { throw SystemError("make the folder", draft) }
        return draft
    }

    /// Puts a complete checkpoint in its place. Its files are on disk already; its folders and its name are afterwards.
    package func commit(_ step: Int, epoch: Int, folders: [String]) throws(SystemError) {
        let draft = draftPath(of: step, epoch: epoch)
        for folder in folders + [draft] { try File.syncFolder(folder) }
        let place = path(of: step)
        let old = place + ".old"
        let isReplacing = rename(place, old) == 0
        guard rename(draft, place) == 0 else {
            let error = SystemError("put in its place", draft)
            if isReplacing { rename(old, place) }
            throw error
        }
        try File.syncFolder(path)
        if isReplacing { File.remove(old) }
        try? File.replace(latestPath, with: (Self.name(of: step) + "\n").utf8)
    }

    /// Takes a checkpoint out of the sequence, and keeps it under another name.
    /// - Parameter reason: `damaged`, `left`
    /// - Returns: its new path.
    package func setAside(_ step: Int, as reason: String) throws(SystemError) -> String {
        let target = "\(path(of: step)).\(reason)"
        File.remove(target)
        guard rename(path(of: step), target) == 0 else { throw SystemError("rename", path(of: step)) }
        return target
    }

    /// Removes a checkpoint: first its name, so that a folder that is half removed is never found.
    package func remove(_ step: Int) throws(SystemError) {
        let gone = path(of: step) + ".gone"
        File.remove(gone)
        guard rename(path(of: step), gone) == 0 else { throw SystemError("remove", path(of: step)) }
        File.remove(gone)
    }
}
