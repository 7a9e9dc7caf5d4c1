import Foundation
import Glibc
public import Runs
import Systems

/// Where profiles are kept between commands: one file for each machine and model.
public struct ProfileCache: Sendable {
    /// A path; nil: there is no place.
    public var folder: String?
    private static let largestProfile = 256 << 20

    /// A cache in a folder, which is created when the first profile is kept.
    public init(folder: String?) { self.folder = folder }

    /// `$XDG_CACHE_HOME/echelon/profiles`, or that below `~/.cache`.
    public static var standard: ProfileCache {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        let caches = variable("XDG_CACHE_HOME") ?? variable("HOME").map { $0 + "/.cache" }
        return ProfileCache(folder: caches.map { $0 + "/echelon/profiles" })
    }

    /// What races found, beside it.
    package var products: ProductCache {
        ProductCache(
            folder: folder.map { folder in
                (folder.lastIndex(of: "/").map { String(folder[...$0]) } ?? "") + "products"
            })
    }

    private func path(of key: ProfileKey) -> String? { folder.map { "\($0)/\(key.fileName)" } }

    /// The profile for a key; nil where there is none, or none of this form with numbers that a measurement gives.
    public func profile(for key: ProfileKey) -> LayerProfile? {
        guard let path = path(of: key), let bytes = try? File.read(path, limit: Self.largestProfile),
            let profile = try? LayerProfile(json: Data(bytes)), profile.key == key
        else { return nil }
        return profile
    }

    /// - Returns: the file's path.
    public func keep(_ profile: LayerProfile) throws(RunFailure) -> String {
        guard let folder, let path = path(of: profile.key) else {
            throw .badInput("no place to keep the profile: set HOME or XDG_CACHE_HOME to an absolute path")
        }
        do {
            try File.makeFolder(folder)
            try File.replace(path, with: try profile.json().utf8)
        } catch let error as SystemError {
            var failure = RunFailure(wrapping: error)
            failure.message = "cannot keep the profile: \(error)"
            throw failure
        } catch {
            throw RunFailure(wrapping: error)
        }
        return path
    }
}
