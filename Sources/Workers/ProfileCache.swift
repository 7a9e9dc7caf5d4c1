public import Foundation
import Glibc

/// Where profiles are kept between commands: one file for each machine and model.
public struct ProfileCache: Sendable {
    /// nil: there is no place.
    public var folder: URL?

    public init(folder: URL?) { self.folder = folder }

    /// `$XDG_CACHE_HOME/echelon/profiles`, or that below `~/.cache`.
    public static var standard: ProfileCache {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        let caches = variable("XDG_CACHE_HOME") ?? variable("HOME").map { $0 + "/.cache" }
        return ProfileCache(folder: caches.map { URL(filePath: $0 + "/echelon/profiles") })
    }

    /// The profile for a key; nil where there is none, or none of this form.
    public func profile(for key: ProfileKey) -> LayerProfile? {
        guard let file = folder?.appending(path: key.fileName), let data = try? Data(contentsOf: file),
            let profile = try? LayerProfile(json: data), profile.key == key
        else { return nil }
        return profile
    }

    /// - Returns: the file's path.
    public func keep(_ profile: LayerProfile) throws(RunFailure) -> String {
        guard let folder else {
            throw .badInput("no place to keep the profile: set HOME or XDG_CACHE_HOME to an absolute path")
        }
        let file = folder.appending(path: profile.key.fileName)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(profile.json().utf8).write(to: file, options: .atomic)
        } catch {
            throw .badInput("cannot keep the profile in \(file.path): \(error.localizedDescription)")
        }
        return file.path
    }
}
